import Glibc
import Roost
public import RoostCrash
import RoostProcess

/// A program's entry: what has to be first is first, whoever writes the program.
///
/// A process that a pool of this program started serves its tasks and gets no further, whatever the program does next. In the app itself crash
/// capture is installed, the watchdog of the main thread is started, the program is told how its last run ended, and then ``run()`` begins. Its
/// launches are remembered, its shutdown is noted, and the stacks of whoever is late reach the report.
///
/// ```swift
/// @main struct Thumbnailer: RoostApplication {
///     static let name = "thumbnailer"
///     static func run() {
///         Shutdown.run(name) { … }          // a tool or a server
///         // GTKApplication.run(name) { … }  // a program with windows
///     }
/// }
/// ```
public protocol RoostApplication {
    /// The program's name, under which its runs and reports are kept; by default that of its executable.
    static var name: String { get }

    /// How crashes are captured and the main thread is watched. By default both, with their defaults.
    static var survival: Survival { get }

    /// A recovery step: a run before this one did not end as it was asked to, and this is what is known of it. Of several
    /// such runs the newest one. They count as told when a program that was told has launched or has run for two seconds, so that neither a start
    /// that only prints its usage hides a crash nor a second instance hears of it again; a program that is always over sooner hears of it every time.
    ///
    /// On the main actor, before ``run()``; what takes long belongs into a stage of the start. By default nothing is done: the report is in the
    /// store anyway. What killed and crashed runs had declared to be removed at their end (`FatalFinalizer`) is gone by now.
    @MainActor static func recover(from lastRun: LastRun)

    /// The program, on the main thread, in the app alone. Synchronous: after the first suspension of an `async` main nothing would run
    /// on the process's main thread any more, and a toolkit needs it.
    ///
    /// What it throws is printed by the runtime as an error at the top level, and ends the process.
    @MainActor static func run() throws
}

extension RoostApplication {
    public static var name: String {
        // Of the path that it was started by; a program without arguments has one, too.
        String((CommandLine.arguments.first ?? "").split(separator: "/").last ?? "program")
    }

    public static var survival: Survival { Survival() }

    @MainActor public static func recover(from lastRun: LastRun) {}

    /// The program's entry; `@main` calls it. In a process that a pool started it never returns.
    @MainActor public static func main() throws {
        WorkerEntry.serveIfWorker()
        let (name, survival) = (name, survival)
        // What follows is the child's; its parent ends here.
        if let restart = survival.supervision, let capture = survival.capture {
            CrashSupervisor.run(name, configuration: capture, restart: restart)
        }
        AppServices.start(name, survival)
        do {
            if let lastRun = CrashCapture.installed?.lastRun, !lastRun.ending.isOrderly, !lastRun.wasTold {
                recover(from: lastRun)
            }
            try run()
        } catch {
            // The runtime prints it and stops the process; the report of that stop has to say it, too.
            CrashCapture.noteUncaught(error)
            throw error
        }
    }
}

/// How a program survives, remembers and explains.
public struct Survival: Sendable {
    /// How crashes are captured; nil for not at all.
    public var capture: CrashCapture.Configuration?
    /// How the main thread is watched; nil for not at all. Where it cannot be, `CrashCapture.problems` says why.
    public var watchdog: HangWatchdog.Configuration?
    /// Whether the program runs as the child of a small parent of its own, which keeps what it prints about its end, reports SIGKILL as well,
    /// and may start it again; nil for no parent. Needs ``capture``.
    public var supervision: RestartPolicy?
    /// Called for each hang of the main thread and its end, on the watchdog's thread. It is in the store and among the last lines anyway.
    public var onHang: @Sendable (HangEvent) -> Void

    /// Creates a configuration.
    public init(
        capture: CrashCapture.Configuration? = CrashCapture.Configuration(),
        watchdog: HangWatchdog.Configuration? = HangWatchdog.Configuration(), supervision: RestartPolicy? = nil,
        onHang: @escaping @Sendable (HangEvent) -> Void = { _ in }
    ) {
        self.capture = capture
        self.watchdog = watchdog
        self.supervision = supervision
        self.onHang = onHang
    }
}
