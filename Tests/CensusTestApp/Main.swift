import CensusTestNative
import FoundationEssentials
import Glibc
import Roost
import RoostCrash

/// Programs for the tests of census and watchdog: `census-test-app NAME ARGUMENTS`. What they see they print as lines of JSON.
@main struct CensusTestApp {
    static func main() throws {
        census_die_with_parent()
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first else { exit(2) }
        switch name {
        case "kinds": try Kinds.run(fifo: arguments[1])
        case "locks": try Locks.run(fifo: arguments[1])
        case "silent": try Silent.run()
        case "deaf-for-a-moment": try Silent.runForAMoment()
        case "many": try Many.run(Int(arguments[1]) ?? 0)
        case "speed": Many.speed(Int(arguments[1]) ?? 0)
        case "quiet": try Quiet.run(fifo: arguments[1])
        case "profiler": try Profiler.run()
        case "at-once": try AtOnce.run()
        case "hang": try Hanging.run(arguments[1], fifo: arguments[2])
        case "stopped": try Hanging.beStopped()
        case "idle": try Hanging.idle(seconds: Int(arguments[1]) ?? 10)
        default: exit(2)
        }
        // Other threads wait for ever.
        _exit(0)
    }
}

/// One line on standard output, at once.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}

func say(json value: some Encodable) throws { say(String(decoding: try JSONEncoder().encode(value), as: UTF8.self)) }

/// Waits until a thread is where it is to be: what the test is about begins only then.
func wait(until isSo: () -> Bool) {
    let end = ContinuousClock.now + .seconds(20)
    while !isSo() {
        guard ContinuousClock.now < end else {
            say("the threads did not come to where they were to be")
            exit(3)
        }
        usleep(1_000)
    }
}

/// Whether a thread with this name waits in this system call.
func waits(_ name: String, in call: String) -> Bool {
    ThreadCensus.take(.init(interrupting: .never, names: false)).threads
        .contains { $0.name == name && $0.wait?.systemCall == call }
}

@inline(never) func readInTheWorker(_ fifo: String) -> Int64 {
    var bytes = [CChar](repeating: 0, count: 64)
    let got = census_read_once(fifo, &bytes)  // here: read
    return got
}
