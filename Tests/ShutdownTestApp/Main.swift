import Glibc
import Roost
import RoostApp

/// A program whose end is late in one of many ways: `shutdown-test-app REPORT ACTION BUDGET-MS [LIBRARY]`.
@main struct ShutdownTestApp {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 3, let budget = Int(arguments[3]) else { exit(2) }
        // Whoever starts it may do so on a thread of libdispatch, which blocks them, and a child inherits that.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_UNBLOCK, &all, nil)
        let action = arguments[2]
        let library = arguments.count > 4 ? arguments[4] : ""
        Shutdown.process.stackSource = CensusStackSource()
        if action == "no-threads" { Threads.takeAway() }
        let configuration = Shutdown.Configuration(budget: .milliseconds(budget), reportPath: arguments[1])
        Shutdown.run("shutdown-test", configuration: configuration) {
            try await perform(action, library)
            return 0
        }
    }

    @MainActor static func perform(_ action: String, _ library: String) async throws {
        let scope = WorkerScope("fields")
        let camera = SerialThread("camera")
        switch action {
        case "nothing":
            let handle = scope.start("wait") { worker in
                say("ready")
                try worker.sleep(for: .seconds(60))
            }
            _ = await handle.ending
        case "worker":
            let handle = scope.start("count sheep") { worker in
                try worker.checkpoint()
                sleepInTheWorker()
            }
            _ = await handle.ending
        case "computes":
            let handle = scope.start("count stars") { _ in computeInTheWorker() }
            _ = await handle.ending
        case "async":
            let handle = scope.start("dream") { worker async throws in
                say("ready")
                await OneShot<Void>().value
            }
            _ = await handle.ending
        case "serial":
            camera.post { sleepOnTheOwnThread() }
            try await Task.sleep(for: .seconds(600))
        case "main": sleepOnMain()
        case "finalizer":
            Shutdown.process.addFinalizer("say goodbye") { sleepInTheFinalizer() }
            say("ready")
        case "exit": try load(library)
        case "survivor":
            Shutdown.process.addOpenWindowsSource {
                // A main thread that is busy for a moment, as one that draws is.
                usleep(50_000)
                return ["Album Window"]
            }
            let album = Album()
            album.own = album
            scope.expectsGone(album, "album", within: .milliseconds(10))
            await scope.close()
            let patience = Parker()
            patience.park(until: .now + .milliseconds(200))
            say("ready")
        case "no-threads-at-the-end":
            Shutdown.process.addFinalizer("say goodbye") { say("goodbye") }
            print("printed", terminator: "")
            let handle = scope.start("wait") { worker in
                Threads.takeAway()
                say("ready")
                try worker.sleep(for: .seconds(60))
            }
            // Not `handle.ending`: Swift goes on with that on a thread of its own, and there is none.
            let patience = Parker()
            while handle.endingIfEnded == nil { patience.park(until: .now + .milliseconds(5)) }
        case "no-threads-at-the-end-of-main":
            Shutdown.process.addFinalizer("say goodbye") { say("goodbye") }
            Shutdown.process.addFinalizer("hang", within: .milliseconds(500)) { sleepInTheFinalizer() }
            Threads.takeAway()
            print("printed", terminator: "")
            say("ready")
        case "no-threads-for-a-while":
            Threads.takeAway()
            let handle = scope.start("work") { _ in say("a worker ran") }
            let picture = OneShot<Void>()
            camera.post {
                say("the camera ran")
                picture.resolve(())
            }
            let patience = Parker()
            patience.park(until: .now + .milliseconds(2_500))
            say("until now none ran")
            Threads.giveBack()
            _ = await handle.ending
            await picture.value
            say("ready")
        default: exit(2)
        }
        withExtendedLifetime((scope, camera)) {}
    }

    /// Has the library wait at the exit, as `LIBRARY_WAITS` tells it.
    private static func load(_ library: String) throws {
        guard dlopen(library, RTLD_NOW) != nil else { throw SystemCallError(call: "dlopen", errno: ENOENT) }
        say("ready")
    }
}

/// How many threads a user has is limited by the system, but not of the administrator.
enum Threads {
    /// From here on no thread can be started.
    static func takeAway() {
        if getuid() == 0, setuid(65_534) != 0 { exit(2) }
        set(1)
    }

    static func giveBack() { set(nil) }

    private static func set(_ most: rlim_t?) {
        let resource = __rlimit_resource_t(__RLIMIT_NPROC.rawValue)
        var limit = rlimit()
        getrlimit(resource, &limit)
        limit.rlim_cur = most ?? limit.rlim_max
        if setrlimit(resource, &limit) != 0 { exit(2) }
    }
}

/// Holds itself.
@MainActor final class Album {
    var own: Album?
}

func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}

// Each sleeps in another way: a release build makes one function of those that are alike, which has no line then.

@inline(never) func sleepInTheWorker() {
    say("ready")
    while true { sleep(600) }  // here: worker
}

@inline(never) func computeInTheWorker() {
    say("ready")
    var number: UInt64 = 1
    while number != 0 { number = step(number) }  // here: computes
}

/// Long enough for its caller to be found in the line of this call.
@inline(never) func step(_ number: UInt64) -> UInt64 {
    var number = number
    for _ in 0..<1_000_000 { number = number &* 6_364_136_223_846_793_005 | 1 }
    return number
}

@inline(never) func sleepOnTheOwnThread() {
    say("ready")
    while true { pause() }  // here: serial
}

@inline(never) func sleepOnMain() {
    say("ready")
    while true { poll(nil, 0, -1) }  // here: main
}

@inline(never) func sleepInTheFinalizer() {
    var time = timespec(tv_sec: 600, tv_nsec: 0)
    while true { nanosleep(&time, nil) }  // here: finalizer
}
