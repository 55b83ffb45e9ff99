import CRoostCrash
import Glibc
import ProcessTestNative
import ProcessTestTasks
import Roost
import RoostCrash
import Synchronization

/// Ends that something else gets in the way of.
enum FatalActions {
    /// False for an action that is none of these.
    static func run(_ action: String, _ words: [String]) -> Bool {
        switch action {
        case "crash-at-exit": crashAtExit()
        case "closed-pipe": crashAlone()
        case "no-descriptors": crashWithoutDescriptors()
        case "remove-twice": removeTwice(words[0])
        case "slow-to-end": slowToEnd(until: words[0])
        case "crash-blocked": crashBlocked()
        default: return false
        }
        return true
    }

    /// A program that has the capture and no other of the entry's services.
    @MainActor static func runAlone(_ configuration: CrashCapture.Configuration) -> Never {
        CrashCapture.install("crash-test", configuration: configuration)
        Shutdown.run("crash-test") {
            let scope = WorkerScope("service")
            let handle = scope.start("wait") { worker in
                print("serving")
                fflush(nil)
                try worker.sleep(for: .seconds(60))
            }
            _ = await handle.ending
            return 0
        }
    }

    /// A thread crashes while the main thread exits.
    private static func crashAtExit() {
        CrashCapture.installed?.launched()
        native_on_another_thread {
            while !FatalActions.isExiting.load(ordering: .acquiring) { sched_yield() }
            _ = Crashing.perform(.badPointer)
        }
        atexit {
            FatalActions.isExiting.store(true, ordering: .releasing)
            // Not before the other thread is within its handler.
            while roost_crash_page_now()!.pointee.crash_state == UInt32(ROOST_CRASH_NONE) { sched_yield() }
        }
        exit(0)
    }

    private static let isExiting = Atomic<Bool>(false)

    /// As in a program that uses the capture alone: nobody has seen to these signals.
    private static func crashAlone() {
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_DFL) }
        _ = Crashing.perform(.badPointer)
    }

    private static func crashWithoutDescriptors() {
        // A thread names itself.
        func isThere() -> Bool {
            ThreadCensus.take(.init(interrupting: .never, names: false)).threads.contains { $0.name == "roost-quit" }
        }
        while !isThere() { sched_yield() }
        var limit = rlimit(rlim_cur: 64, rlim_max: 64)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        while open("/dev/null", O_RDONLY) >= 0 {}
        _ = Crashing.perform(.badPointer)
    }

    /// Becomes a program that was started with all its faults blocked.
    private static func crashBlocked() {
        var set = sigset_t()
        sigfillset(&set)
        sigprocmask(SIG_SETMASK, &set, nil)
        let words = [CommandLine.arguments[0], CommandLine.arguments[1], "crash", "badPointer", "bare"]
        let arguments = words.map { strdup($0) } + [nil]
        execv(words[0], arguments)
    }

    private static func removeTwice(_ path: String) {
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        let first = FatalFinalizer.unlink("/nowhere/at/all")
        first?.remove()
        // In the place of the first.
        guard FatalFinalizer.unlink(path) != nil else { return print("not declared") }
        first?.remove()
        _ = Crashing.perform(.badPointer)
    }

    /// Is asked to end, and then waits for a file.
    private static func slowToEnd(until path: String) {
        signal(SIGWINCH) { _ in
            let text = "the window has changed\n"
            write(STDOUT_FILENO, text, text.utf8.count)
        }
        Shutdown.run("crash-test", configuration: .init(budget: .seconds(5))) {
            let scope = WorkerScope("service")
            let handle = scope.start("slow work") { worker in
                print("serving")
                fflush(nil)
                do { try worker.sleep(for: .seconds(60)) } catch {
                    print("stopping")
                    fflush(nil)
                    while access(path, F_OK) != 0 { sched_yield() }
                    print("ended in order")
                    fflush(nil)
                    throw error
                }
            }
            _ = await handle.ending
            return 0
        }
    }
}
