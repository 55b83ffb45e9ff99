#if GTK
internal import CGTK
internal import CRoostPlatform
import Glibc
public import Roost

/// A program with windows. It exists once GTK is up, and every widget is made with it, so none can be made too early.
///
/// ```swift
/// GTKApplication.run("task-window") { app in
///     let window = Window(app, "Task Window")
///     window.closes(WorkerScope("task window"), within: .seconds(2))
///     window.present()
/// }
/// ```
@MainActor
public final class GTKApplication {
    /// The program's name, for messages and reports.
    public let program: String
    let shutdown: Shutdown
    /// What the shutdown waits for beside the workers: that the main thread answers.
    private let main = MainBody()
    private var closers: [WindowCloser] = []
    private var isEnding = false
    /// While the program starts, it needs no window to go on.
    private var start: Task<Void, Never>?
    /// There is one, for as long as the process lives.
    private static var running: GTKApplication?

    private init(program: String, shutdown: Shutdown) {
        self.program = program
        self.shutdown = shutdown
    }

    /// Runs a whole program with windows and ends the process: the last (and only) thing in a synchronous `main`.
    ///
    /// `body` runs on the main actor once GTK is up, and makes the first window; the program ends with its last window, with a
    /// signal, or with `Shutdown.request(_:status:)`. The main actor and `DispatchQueue.main` are served by GTK's
    /// loop. Exits with 70 when something still ran at the end of the budget, the main thread included, else by the signal that
    /// asked, else with the status that was asked for; with 69 when there is no display, 71 when the system had no thread or
    /// pipe left at the start, and 1 when `body` threw, each after a line on standard error.
    nonisolated public static func run(
        _ program: String, configuration: Shutdown.Configuration = Shutdown.Configuration(),
        _ body: @escaping @MainActor (GTKApplication) throws -> Void
    ) -> Never {
        // proof: nobody gets past it but on the main thread; elsewhere it ends the process with a message.
        MainActor.assumeIsolated {
            let shutdown = Shutdown.process
            let app = GTKApplication(program: program, shutdown: shutdown)
            running = app
            // First: a signal may come as soon as there is a handler.
            shutdown.setMain(app.main)
            do {
                try shutdown.install(program, configuration: configuration)
            } catch {
                writeToStandardError("\(program): cannot start: \(error)\n")
                exit(71)  // EX_OSERR
            }
            g_set_prgname(program)
            guard gtk_init_check() != 0 else {
                writeToStandardError("\(program): there is no display to open a window on\n")
                exit(69)  // EX_UNAVAILABLE
            }
            app.serve(body)
        }
    }

    /// Whether there is a display to open a window on, for a program that can do without. On the main thread, before ``run(_:configuration:_:)``;
    /// tries to connect to the display, for `program`.
    nonisolated public static func hasDisplay(for program: String) -> Bool {
        g_set_prgname(program)
        return gtk_init_check() != 0
    }

    private func serve(_ body: (GTKApplication) throws -> Void) -> Never {
        MainLoopBridge.install()
        MainPortSource.install()
        WindowList.onRemoval { Self.running?.windowsWent() }
        shutdown.addOpenWindowsSource { WindowList.all.map { WindowList.title(of: $0) } }
        shutdown.onEvent { [weak self] event in self?.show(event) }
        // A signal may have come before there was somebody to tell.
        if shutdown.phase != .running { beginEnd() }
        // From within the loop, and not behind it: a dialog may run one of its own inside it.
        shutdown.outcome.whenResolved { _ in
            let end: @convention(c) (gpointer?) -> gboolean = { _ in
                ProcessExit.end(Shutdown.process.outcome.valueIfResolved ?? .exited(0))
            }
            g_idle_add_full(G_PRIORITY_HIGH, end, nil, nil)
        }
        do {
            try body(self)
            if closers.isEmpty, start == nil { shutdown.request(.endOfMain) }
        } catch {
            writeToStandardError("\(program): \(error)\n")
            shutdown.request(.requested("the program could not start"), status: 1)
        }
        // Which nobody quits.
        g_main_loop_run(g_main_loop_new(nil, 0))
        ProcessExit.end(shutdown.outcome.valueIfResolved ?? .exited(0))
    }

    // MARK: Windows

    /// The titles of all of GTK's top-level windows, in the order they were made: dialogs, and windows of other bindings that
    /// Roost was never told of, too. Empty for one without a title.
    public var windows: [String] { WindowList.all.map { WindowList.title(of: $0) } }

    func add(_ closer: WindowCloser) {
        closers.append(closer)
        if isEnding { closer.showEnd() }
    }

    /// A window has gone; the last one that was shown begins the end of the process.
    func remove(_ closer: WindowCloser) {
        closers.removeAll { $0 === closer }
        endWithoutWindows()
    }

    private func endWithoutWindows() {
        if start == nil, !closers.contains(where: \.isShown) { shutdown.request(.lastWindow) }
    }

    // MARK: The start

    /// The program starts: until ``startEnded(_:)`` it goes on without a window, too.
    func hold(_ start: Task<Void, Never>) {
        self.start = start
    }

    func startEnded(_ outcome: LaunchReport.Outcome) {
        start = nil
        if outcome == .quit {
            shutdown.request(.requested("the program could not start"), status: outcome.exitStatus)
        } else {
            endWithoutWindows()
        }
    }

    // MARK: Windows of others

    /// Makes any GTK window, also one of other bindings, close in order: see ``Window/closes(_:within:)``. `window` is a
    /// `GtkWindow *`.
    ///
    /// From then on it counts like one of Roost's: the program ends with the last of them. It is held until it has gone. When
    /// somebody destroys it without asking, delivery of its scopes is cut in that call. One that was destroyed before has its
    /// scope closed at once.
    public func closes(window: UnsafeMutableRawPointer, _ scope: WorkerScope, within budget: Duration? = nil) {
        let pointer = UnsafeMutablePointer<GtkWindow>(OpaquePointer(window))
        guard WindowList.all.contains(pointer) else { return scope.close() }
        let closer = closers.first { $0.window == pointer } ?? WindowCloser(pointer, app: self)
        closer.closes(scope, within: budget)
    }

    /// Windows went, by Roost or by others: nothing is delivered to them any more, and their dialogs go with them. A dialog
    /// that stayed would keep its loop, and the windows that it is modal to, for itself.
    private func windowsWent() {
        let left = WindowList.all
        let known = Set(closers.map(\.window))
        for closer in closers where !left.contains(closer.window) { closer.windowWasDestroyed() }
        // Asked for anew: the code that has just run, and each dialog's, may take others along.
        for dialog in WindowList.all where !known.contains(dialog) && WindowList.all.contains(dialog) {
            guard let parent = gtk_window_get_transient_for(dialog), known.contains(parent), !left.contains(parent)
            else { continue }
            WindowList.dismiss(dialog)
        }
    }

    // MARK: The end

    private func beginEnd() {
        guard !isEnding else { return }
        isEnding = true
        // It has answered.
        main.ended.resolve(0)
        for closer in closers { closer.showEnd() }
    }

    private func show(_ event: ShutdownEvent) {
        switch event {
        case .began: beginEnd()
        case .waiting(let workers, let others, let timeLeft):
            for closer in closers { closer.update(workers.map { "'\($0.name)'" } + others, timeLeft: timeLeft) }
        case .finalizing(let name):
            for closer in closers { closer.update(["'\(name)'"], timeLeft: nil) }
        case .abandoned, .ended: break
        }
    }

    /// Passes on what a handler threw to the hook for failures nobody looked at.
    func failed(_ handler: String, _ error: any Error) {
        UnobservedFailure.report(UnobservedFailure(worker: handler, scope: program, error: error))
    }
}
#endif
