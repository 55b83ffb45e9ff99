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
    private let loop: OpaquePointer
    private var closers: [WindowCloser] = []
    private var isEnding = false

    private init(program: String, shutdown: Shutdown, loop: OpaquePointer) {
        self.program = program
        self.shutdown = shutdown
        self.loop = loop
    }

    /// Runs a whole program with windows and ends the process: the last (and only) thing in a synchronous `main`.
    ///
    /// `body` runs on the main actor once GTK is up, and makes the first window; the program ends with its last window, with a
    /// signal, or with ``Roost/Shutdown/request(_:status:)``. The main actor and `DispatchQueue.main` are served by GTK's
    /// loop. Exits with 70 when something still ran at the end of the budget, else by the signal that asked, else with the
    /// status that was asked for; with 69 when there is no display, and 1 when `body` threw, after a line on standard error.
    nonisolated public static func run(
        _ program: String, configuration: Shutdown.Configuration = Shutdown.Configuration(),
        _ body: @escaping @MainActor (GTKApplication) throws -> Void
    ) -> Never {
        MainActor.assumeIsolated {
            let shutdown = Shutdown.process
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
            let app = GTKApplication(program: program, shutdown: shutdown, loop: g_main_loop_new(nil, 0))
            app.serve(body)
            ProcessEnd.end(shutdown.outcome.valueIfResolved ?? .exited(0))
        }
    }

    private func serve(_ body: (GTKApplication) throws -> Void) {
        MainLoopBridge.install()
        MainPortSource.install()
        // Listened to before the first window: a signal may come first.
        shutdown.onEvent { [weak self] event in self?.show(event) }
        shutdown.outcome.whenResolved { [loop = UnsafeLoop(loop)] _ in loop.quit() }
        do {
            try body(self)
            if closers.isEmpty { shutdown.request(.endOfMain) }
        } catch {
            writeToStandardError("\(program): \(error)\n")
            shutdown.request(.requested("the program could not start"), status: 1)
        }
        g_main_loop_run(loop)
    }

    // MARK: Windows

    /// The titles of the windows that are open, in the order they were made.
    public var windows: [String] { closers.map(\.title) }

    func add(_ closer: WindowCloser) {
        closers.append(closer)
        if isEnding { closer.showEnd() }
    }

    /// A window has gone; the last one begins the end of the process.
    func remove(_ closer: WindowCloser) {
        closers.removeAll { $0 === closer }
        if closers.isEmpty { shutdown.request(.lastWindow) }
    }

    /// Makes any GTK window, also one of other bindings, close in order: see ``Window/closes(_:within:)``. `window` is a
    /// `GtkWindow *`.
    public func closes(window: UnsafeMutableRawPointer, _ scope: WorkerScope, within budget: Duration? = nil) {
        let pointer = UnsafeMutablePointer<GtkWindow>(OpaquePointer(window))
        let closer = closers.first { $0.window == pointer } ?? WindowCloser(pointer, app: self)
        closer.closes(scope, within: budget)
    }

    // MARK: The end

    private func show(_ event: ShutdownEvent) {
        switch event {
        case .began:
            isEnding = true
            for closer in closers { closer.showEnd() }
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

/// The loop as other threads see it.
private struct UnsafeLoop: @unchecked Sendable {  // proof: GLib documents g_main_loop_quit as callable from any thread
    let loop: OpaquePointer
    init(_ loop: OpaquePointer) { self.loop = loop }
    func quit() { g_main_loop_quit(loop) }
}
#endif
