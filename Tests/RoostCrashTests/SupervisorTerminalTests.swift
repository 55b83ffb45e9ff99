import Foundation
import Testing

/// A supervised program at a terminal: the keys reach it once, and the shell sees what it would see of the program alone.
@Suite(.serialized) struct SupervisorTerminalTests {
    private func command(_ program: CrashProgram, _ action: String) -> String {
        "CRASH_TEST_SUPERVISED=never '\(CrashProgram.path)' '\(program.store)' \(action)"
    }

    @Test func anInterruptReachesTheProgramOnceAndEndsBoth() throws {
        let program = try CrashProgram()
        let terminal = try TestTerminal()
        terminal.type(command(program, "count-signals") + "\r")
        #expect(terminal.waits(for: "ready ") && terminal.waits(for: "\r\n"))
        let words = terminal.all.components(separatedBy: "ready ").last?.prefix { $0.isNumber }
        let process = try #require(words.flatMap { Int32($0) })
        // A second one that comes before the program has taken the first is none: so there are many.
        let presses = 16
        for _ in 0..<presses {
            terminal.type("\u{3}")
            #expect(terminal.waits(for: "got 2\r\n"))
            kill(process, SIGUSR1)
            #expect(terminal.waits(for: "got 10\r\n"))
        }
        // The program waits a moment for another one, and then ends by it.
        #expect(terminal.waits(for: "$ "))
        terminal.type("echo \"then:$?\"\r")
        #expect(terminal.waits(for: "then:130"), "\(terminal.all)")
        let got = terminal.all.components(separatedBy: "got 2\r\n").count - 1
        #expect(got == presses, "\(terminal.all)")
    }

    @Test func aJobStopsAndGoesOn() throws {
        let program = try CrashProgram()
        let terminal = try TestTerminal()
        terminal.type(command(program, "wait") + "\r")
        #expect(terminal.waits(for: "waiting"))
        terminal.type("\u{1A}")
        #expect(terminal.waits(for: "Stopped"), "the shell has no job: \(terminal.text)")
        terminal.type("ps -o stat= --ppid $(jobs -p)\r")
        #expect(terminal.waits(for: "\nT"), "the program goes on: \(terminal.text)")
        terminal.type("bg; sleep 0.2; ps -o stat= --ppid $(jobs -p) | sed s/^/state:/\r")
        #expect(terminal.waits(for: "state:S"), "the program is stopped: \(terminal.text)")
        terminal.type("echo \"job=$(jobs -p) there\"\r")
        // Behind the echo of the keys.
        #expect(terminal.waits(for: " there") && terminal.waits(for: " there"))
        let words = terminal.all.components(separatedBy: "job=").last?.prefix { $0.isNumber }
        let job = try #require(words.flatMap { Int32($0) })
        terminal.type("fg\r")
        #expect(terminal.waits(forForeground: job))
        terminal.type("\u{3}")
        terminal.type("echo \"then:$?\"\r")
        #expect(terminal.waits(for: "then:130"), "\(terminal.text)")
    }

    /// Only the program was held up, by somebody who goes on with it alone: its parent goes on meanwhile.
    @Test func aProgramThatSomebodyHoldsUp() throws {
        let program = try CrashProgram()
        let running = try program.supervised("count-signals")
        #expect(running.waits(for: "ready"))
        let child = try running.child()
        kill(child, SIGSTOP)
        kill(running.id, SIGUSR1)
        kill(child, SIGCONT)
        #expect(running.waits(for: "got 10\n"), "the parent is stopped")
        kill(running.id, SIGUSR2)
        #expect(running.end().status == 0)
    }
}
