import CRoostCrash
import Glibc
import ProcessTestNative
import ProcessTestTasks
import Roost
import RoostApp
import RoostCrash

/// A program that ends in one of many ways, and says at its next start how the one before ended.
///
/// crash-test-app FOLDER tell                      what the last run left; its names looked up
/// crash-test-app FOLDER crash WAY PLACE [STAGE]   on the main thread, a pool's, or one of nobody
/// crash-test-app FOLDER wait                      until somebody ends it
/// crash-test-app FOLDER exit STATUS
/// crash-test-app FOLDER start                     how this process was started
///
/// With CRASH_TEST_SUPERVISED=never, ask or a number of restarts as the child of its own parent.
@main struct CrashTestApp: RoostApplication {
    static func run() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else { return print("usage: crash-test-app FOLDER ACTION…") }
        let configuration = CrashCapture.Configuration(
            version: "1.2", folder: arguments[1], limits: StoreLimits(reports: 5))
        if let way = getenv("CRASH_TEST_SUPERVISED") {
            let way = String(cString: way)
            // Whoever starts it on a thread of Dispatch has nearly all of them blocked, and that is inherited.
            var none = sigset_t()
            sigprocmask(SIG_SETMASK, &none, nil)
            let restart: RestartPolicy =
                switch way {
                case "never": .never
                case "ask": .ask()
                default: .automatically(atMost: Int(way) ?? 0, within: .seconds(60))
                }
            CrashSupervisor.run("crash-test", configuration: configuration, restart: restart)
        }
        if arguments[2] == "crash-before" { _ = Crashing.perform(.fatal) }
        let capture = CrashCapture.install("crash-test", configuration: configuration)
        for problem in capture.problems { print("problem: \(problem)") }
        fflush(nil)
        let rest = Array(arguments.dropFirst(3))
        switch arguments[2] {
        case "tell": tell(capture)
        case "crash": try crash(capture, rest)
        case "wait": wait(capture, rest)
        case "exit": exit(Int32(rest.first ?? "0") ?? 0)
        case "leave": _exit(Int32(rest.first ?? "0") ?? 0)
        case "nested": nested()
        case "hang-in-handler": hangInHandler()
        case "finalizers": finalizers(capture, rest)
        case "fork": fork(rest)
        case "start": SupervisedActions.start()
        case "restarts": SupervisedActions.restarts(rest)
        case "errors": SupervisedActions.printErrors(rest)
        case "leave-a-child": SupervisedActions.leaveAChild()
        case "count-signals": SupervisedActions.countSignals()
        case "eat": SupervisedActions.eat(rest)
        case "late": SupervisedActions.late()
        case "print": SupervisedActions.printAndKill(rest)
        default: print("no such action")
        }
    }

    private static func tell(_ capture: CrashCapture) {
        let history = capture.history
        guard let run = capture.settle() else { return print("no run before this one") }
        print("ending: \(run.ending)")
        print("stage: \(run.stage ?? "-")")
        print("launched: \(run.hasLaunched)")
        print("failed starts: \(history.failedStarts)")
        for (stage, count) in history.crashesInStage.sorted(by: { $0.key < $1.key }) {
            print("crashes: \(stage) \(count)")
        }
        if let worker = run.crashedWorker { print("crashed worker: \(worker)") }
        for worker in run.workers { print("worker: \(worker)") }
        for problem in run.problems { print("problem: \(problem)") }
        print(run)
    }

    private static func crash(_ capture: CrashCapture, _ words: [String]) throws {
        guard words.count > 1, let way = Crash.Way(rawValue: words[0]) else { return print("no such crash") }
        if words.count > 2 { capture.stageBegan(words[2]) } else { capture.launched() }
        CrashCapture.note("about to crash by \(way)")
        switch words[1] {
        case "main": _ = Crashing.perform(way)
        case "error": throw ThrownAtTheTop(way: "\(way)")
        case "pool":
            let scope = WorkerScope("risky scope")
            let handle = scope.start("risky work") { worker in
                try worker.checkpoint()
                return Crashing.perform(way)
            }
            _ = try? handle.waitForEnding(within: .seconds(20))
        default:
            // A thread that nobody told anything.
            var thread = pthread_t()
            _ = CrashThreadBody.start(&thread, way)
            pthread_join(thread, nil)
        }
        print("it went on")
    }

    private static func wait(_ capture: CrashCapture, _ words: [String]) {
        if let stage = words.first { capture.stageBegan(stage) } else { capture.launched() }
        CrashCapture.note("waiting")
        let scope = WorkerScope("patient scope")
        let handle = scope.start("patient work") { worker in
            try worker.checkpoint()
            print("waiting")
            fflush(nil)
            try worker.sleep(for: .seconds(60))
        }
        _ = try? handle.waitForEnding(within: .seconds(60))
    }

    /// A handler that faults itself.
    private static func nested() {
        roost_crash_set_hook { UnsafeMutablePointer<Int>(bitPattern: 8)!.pointee = 1 }
        _ = Crashing.perform(.badPointer)
    }

    private static func hangInHandler() {
        roost_crash_set_hook { while true { pause() } }
        _ = Crashing.perform(.badPointer)
    }

    /// A file and a process group that go with a fatal end, and a file that was taken back.
    private static func finalizers(_ capture: CrashCapture, _ words: [String]) {
        for name in ["declared", "taken-back"] { close(open("\(words[1])/\(name)", O_CREAT | O_WRONLY, 0o600)) }
        let child = native_fork()
        if child == 0 {
            setpgid(0, 0)
            // Whoever reads what this program prints is to see its end.
            for descriptor in 0..<4096 as Range<Int32> { close(descriptor) }
            while true { pause() }
        }
        setpgid(child, child)
        guard FatalFinalizer.unlink("\(words[1])/declared") != nil, FatalFinalizer.killGroup(child) != nil,
            let other = FatalFinalizer.unlink("\(words[1])/taken-back"), FatalFinalizer.unlink("relative") == nil,
            FatalFinalizer.killGroup(1) == nil
        else { return print("not as declared") }
        other.remove()
        print("child \(child)")
        fflush(nil)
        // It must be gone, and no zombie, once this process is: nobody waits for it.
        signal(SIGCHLD, SIG_IGN)
        if words[0] == "wait" { return wait(capture, []) }
        _ = Crashing.perform(.badPointer)
    }

    /// A child that is no other program ends, or crashes: that is none of this run's business.
    private static func fork(_ words: [String]) {
        let child = native_fork()
        if child == 0 {
            if words.first == "crash" { abort() }
            exit(5)
        }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        print("the child ended with \(status)")
        wait(CrashCapture.installed!, [])
    }
}

struct ThrownAtTheTop: Error {
    var way: String
}

enum CrashThreadBody {
    static func start(_ thread: inout pthread_t, _ way: Crash.Way) -> Int32 {
        let boxed = Unmanaged.passRetained(Box(way)).toOpaque()
        return pthread_create(
            &thread, nil,
            { argument in
                let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
                CrashCapture.protectThread()
                _ = Crashing.perform(box.way)
                return nil
            }, boxed)
    }

    final class Box {
        let way: Crash.Way
        init(_ way: Crash.Way) { self.way = way }
    }
}
