import CRoostCrash
import Foundation
import Glibc
import ProcessTestNative
import ProcessTestTasks
import Roost
import RoostApp
import RoostCrash
import RoostTerminal
import Synchronization

/// A program that ends in one of many ways, and says at its next start how the one before ended.
///
/// crash-test-app FOLDER tell                      what the last run left; its names looked up
/// crash-test-app FOLDER crash WAY PLACE [STAGE]   on the main thread, a pool's, or one of nobody
/// crash-test-app FOLDER wait                      until somebody ends it
/// crash-test-app FOLDER exit STATUS
/// crash-test-app FOLDER how-started               by whom, and why
///
/// With CRASH_TEST_SUPERVISED=never, ask or a number of restarts as the child of its own parent.
@main struct CrashTestApp: RoostApplication {
    static let name = "crash-test"

    static var survival: Survival {
        Survival(
            capture: configuration, supervision: supervision,
            onHang: { event in
                guard case .began = event else { return }
                print("hung")
                fflush(nil)
            })
    }

    private static var configuration: CrashCapture.Configuration {
        .init(version: "1.2", folder: CommandLine.arguments.dropFirst().first, limits: StoreLimits(reports: 5))
    }

    private static var supervision: RestartPolicy? {
        guard let way = getenv("CRASH_TEST_SUPERVISED") else { return nil }
        // Whoever starts it on a thread of Dispatch has nearly all of them blocked, and that is inherited.
        var none = sigset_t()
        sigprocmask(SIG_SETMASK, &none, nil)
        return switch String(cString: way) {
        case "never": .never
        case "ask": .ask()
        case let number: .automatically(atMost: Int(number) ?? 0, within: .seconds(60))
        }
    }

    @MainActor static func main() throws {
        if CommandLine.arguments.dropFirst(2).first == "crash-before", let supervision {
            CrashSupervisor.run(name, configuration: configuration, restart: supervision)
            _ = Crashing.perform(.fatal)
        }
        if CommandLine.arguments.dropFirst(2).first == "alone" { FatalActions.runAlone(configuration) }
        // Before anything of Roost begins.
        if CommandLine.arguments.dropFirst(2).first == "tell-on-a-full-disk" { fillDisk() }
        try asEveryProgram(Self.self)
    }

    @MainActor static func recover(from lastRun: LastRun) { print("recovered from: \(lastRun.ending.kind.rawValue)") }

    /// By the entry that a program has which does not write its own.
    @MainActor private static func asEveryProgram<App: RoostApplication>(_: App.Type) throws { try App.main() }

    static func run() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2, let capture = CrashCapture.installed else {
            return print("usage: crash-test-app FOLDER ACTION…")
        }
        for problem in capture.problems { print("problem: \(problem)") }
        fflush(nil)
        let rest = Array(arguments.dropFirst(3))
        switch arguments[2] {
        case "tell": tell(capture)
        case "settle": capture.settle()
        case "full-disk":
            fillDisk()
            // As in a program that uses the capture alone: nobody has seen to it.
            signal(SIGXFSZ, SIG_DFL)
            _ = Crashing.perform(.badPointer)
        case "tell-on-a-full-disk": tell(capture)
        case "settle-at-once": settleAtOnce()
        case "cut-a-line": cutALine(capture)
        case "crash": try crash(capture, rest)
        case "wait": wait(capture, rest)
        case "exit": exit(Int32(rest.first ?? "0") ?? 0)
        case "exit-after":
            sleep(UInt32(rest[0]) ?? 0)
            exit(Int32(rest[1]) ?? 0)
        case "leave": _exit(Int32(rest.first ?? "0") ?? 0)
        case "nested": nested()
        case "start": start(rest)
        case "serve": serve(isStubborn: rest.first == "stubborn")
        case "hang": hang()
        case "hang-in-handler": hangInHandler()
        case "finalizers": finalizers(capture, rest)
        case "fork": fork(rest)
        case "how-started": SupervisedActions.start()
        case "restarts": SupervisedActions.restarts(rest)
        case "errors": SupervisedActions.printErrors(rest)
        case "leave-a-child": SupervisedActions.leaveAChild()
        case "count-signals": SupervisedActions.countSignals()
        case "eat": SupervisedActions.eat(rest)
        case "late": SupervisedActions.late()
        case "print": SupervisedActions.printAndKill(rest)
        default: if !FatalActions.run(arguments[2], rest) { print("no such action") }
        }
    }

    /// From here on no file of this process gets any larger: writing fails as it does where there is no room.
    private static func fillDisk() {
        signal(SIGXFSZ, SIG_IGN)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &none)
    }

    /// A line of the record finds room for a part of it alone, and the next one for all of it.
    private static func cutALine(_ capture: CrashCapture) {
        signal(SIGXFSZ, SIG_IGN)
        let folder = "\(CommandLine.arguments[1])/runs"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder),
            let own = names.first(where: { $0.hasSuffix("-\(getpid()).run") })
        else { return print("no record") }
        var status = stat()
        stat("\(folder)/\(own)", &status)
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        var before = rlimit()
        getrlimit(resource, &before)
        var little = rlimit(rlim_cur: UInt(status.st_size) + 7, rlim_max: before.rlim_max)
        setrlimit(resource, &little)
        capture.stageBegan("cut")
        setrlimit(resource, &before)
        capture.stageBegan("whole")
        kill(getpid(), SIGKILL)
    }

    /// Three threads at the same time: each is to get the names.
    private static func settleAtOnce() {
        native_at_once(3) {
            let text = CrashCapture.installed?.settle().map { "\($0)" } ?? ""
            print("named: \(text.contains("readBadPointer"))")
        }
    }

    private static func tell(_ capture: CrashCapture) {
        let history = LaunchHistory(capture.pastRuns, version: capture.version)
        guard let run = capture.settle() else { return print("no run before this one") }
        print("ending: \(run.ending)")
        print("stage: \(run.stage ?? "-")")
        print("launched: \(run.hasLaunched)")
        print("told before: \(run.wasTold)")
        print("failed starts: \(history.crashedStarts)")
        for (stage, count) in history.stageCrashes.sorted(by: { $0.key < $1.key }) {
            print("crashes: \(stage) \(count)")
        }
        if let worker = run.crashedWorker { print("crashed worker: \(worker)") }
        for worker in run.workers { print("worker: \(worker)") }
        if let start = LastRun.startTimeline {
            print("start timeline: \(start.bars.map(\.name).joined(separator: ", "))")
        }
        if let end = LastRun.endTimeline { print("end timeline: \(end.bars.count) bars") }
        for problem in run.problems { print("problem: \(problem)") }
        print(run)
    }

    fileprivate static let bareWay = Mutex<Crash.Way?>(nil)

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
            // A thread that is nobody's.
            bareWay.withLock { $0 = way }
            native_at_once(1) {
                CrashCapture.protectThread()
                if let way = CrashTestApp.bareWay.withLock({ $0 }) { _ = Crashing.perform(way) }
            }
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

    /// A program with a start in stages; `STAGE=WAY` ends it there.
    private static func start(_ words: [String]) {
        let ways = Dictionary(
            words.compactMap { word in
                let parts = word.split(separator: "=").map(String.init)
                return parts.count == 2 ? (parts[0], Crash.Way(rawValue: parts[1])) : nil
            }, uniquingKeysWith: { first, _ in first })
        func body(_ name: String) -> @Sendable (LaunchStageContext) throws -> Void {
            let way = ways[name] ?? nil
            return { _ in if let way { _ = Crashing.perform(way) } }
        }
        Shutdown.run(name) {
            let launch = Launch(
                name,
                stages: [
                    .required("cache", within: .seconds(10), body("cache")),
                    .optional("decoders", within: .seconds(10), body("decoders")),
                    .onMain("window") { print("the window is there") },
                ])
            let report = await launch.run(TerminalLaunchPresenter(name, on: Terminal()))
            print(report)
            print("mode: \(report.mode)")
            return report.outcome.exitStatus
        }
    }

    private static func serve(isStubborn: Bool) {
        Shutdown.process.onEvent { event in
            guard case .waiting = event else { return }
            print("ending")
            fflush(nil)
        }
        Shutdown.run(name, configuration: .init(budget: .seconds(1))) {
            let scope = WorkerScope("service")
            let handle = scope.start(isStubborn ? "stubborn work" : "patient work") { worker in
                print("serving")
                fflush(nil)
                if isStubborn { while true { usleep(10_000) } }
                try worker.sleep(for: .seconds(60))
            }
            _ = await handle.ending
            return 0
        }
    }

    private static func hang() {
        Shutdown.run(name) {
            // Once the loop has answered for the first time.
            try await Task.sleep(for: .milliseconds(600))
            busyOnTheMainThread()
            return 0
        }
    }

    @inline(never)
    private static func busyOnTheMainThread() {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {}
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
            var descriptor: Int32 = 0
            while descriptor < 65_536 {
                close(descriptor)
                descriptor += 1
            }
            while true { pause() }
        }
        setpgid(child, child)
        guard FatalFinalizer.unlink("\(words[1])/declared") != nil, FatalFinalizer.killGroup(child) != nil,
            let other = FatalFinalizer.unlink("\(words[1])/taken-back"), FatalFinalizer.unlink("relative") == nil,
            FatalFinalizer.killGroup(1) == nil, FatalFinalizer.killGroup(getpgrp()) == nil
        else { return print("not as declared") }
        other.remove()
        print("child \(child)")
        fflush(nil)
        if words[0] == "fork" { return fork(["quit"]) }
        // It must be gone, and no zombie, once this process is: nobody waits for it.
        signal(SIGCHLD, SIG_IGN)
        if words[0] == "wait" { return wait(capture, []) }
        if words[0] == "late" { return serve(isStubborn: true) }
        _ = Crashing.perform(.badPointer)
    }

    /// A child that is no other program ends, or crashes: that is none of this run's business.
    private static func fork(_ words: [String]) {
        let child = native_fork()
        if child == 0 {
            if words.first == "crash" { abort() }
            if words.first == "quit" {
                var none = sigset_t()
                sigprocmask(SIG_SETMASK, &none, nil)
                kill(getpid(), SIGQUIT)
            }
            exit(5)
        }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        print("the child ended with \(status & 0xFF7F)")
        wait(CrashCapture.installed!, [])
    }
}

struct ThrownAtTheTop: Error {
    var way: String
}
