#if GTK
internal import CGTK
import Roost

/// What makes one window close in order: its scopes, the view it shows meanwhile, and the end of it all.
@MainActor
final class WindowCloser {
    /// How long a close may take before the view is shown: most are over by then, and a view that flashes up says nothing.
    private static let patience = Duration.milliseconds(80)
    /// What workers get when somebody asks for the close at once.
    private static let haste = Duration.milliseconds(100)
    /// Between two looks at who is left, in milliseconds.
    private static let tick: guint = 100

    let window: UnsafeMutablePointer<GtkWindow>
    private unowned let app: GTKApplication
    /// Held while the window is open.
    var owner: Window?
    var closed: [@MainActor () -> Void] = []
    private var scopes: [(scope: WorkerScope, budget: Duration?)] = []
    private var machine = ClosingStateMachine()
    private var view: ClosingView?
    private var content: UnsafeMutablePointer<GtkWidget>?
    private var connection: gulong = 0
    private var timer: guint = 0
    private var processEnds = false

    init(_ window: UnsafeMutablePointer<GtkWindow>, app: GTKApplication) {
        self.window = window
        self.app = app
        g_object_ref(window)
        connection = Callback.connect(OpaquePointer(window), "close-request") { [weak self] _ in
            self?.requestClose()
            return true
        }
        app.add(self)
    }

    isolated deinit { g_object_unref(window) }

    var title: String { gtk_window_get_title(window).map { String(cString: $0) } ?? "" }

    /// Also while it is minimized.
    var isShown: Bool { gtk_widget_get_visible(UnsafeMutablePointer(OpaquePointer(window))) != 0 }

    /// One that comes while the window closes is asked to close like the others; for one that is there already, the budget
    /// is another one from the next close on.
    func closes(_ scope: WorkerScope, within budget: Duration?) {
        guard machine.state != .gone else { return scope.close() }
        if let index = scopes.firstIndex(where: { $0.scope === scope }) {
            scopes[index].budget = budget
            return
        }
        scopes.append((scope, budget))
        if machine.scopeAdded() { beginClosing(scope, within: budget) }
    }

    /// Puts `content` into the window; while it closes, only once it is kept open.
    func show(_ content: UnsafeMutablePointer<GtkWidget>) {
        if view == nil { gtk_window_set_child(window, content) } else { replaceHeldContent(with: content) }
    }

    private func replaceHeldContent(with content: UnsafeMutablePointer<GtkWidget>) {
        g_object_ref(content)
        if let before = self.content { g_object_unref(before) }
        self.content = content
    }

    // MARK: Closing

    /// Asked again while it closes, the window goes at once; the workers keep what is left of their budget, for a second
    /// click is no wish that anything be left behind.
    func requestClose() {
        perform(machine.closeAsked(scopes: scopes.count))
    }

    /// Nobody wants to wait: workers that are on their way out may get there, the others are left behind.
    func closeNow() {
        for (scope, _) in scopes { scope.beginClosing(within: Self.haste, on: .mainActor) { _ in } }
        perform(machine.closeNow())
    }

    func keepOpen() {
        guard offersKeepOpen else { return }
        let kept = scopes.map { $0.scope.takeCloseBack() }
        if kept.allSatisfy({ $0 }) {
            perform(machine.keepOpen())
        } else {
            // One's budget has ended at this very moment: what is left of the others goes as well, within the window's own.
            for (scope, budget) in scopes { scope.beginClosing(within: budget, on: .mainActor) { _ in } }
            perform(machine.closeNow())
        }
    }

    /// Not for a scope that has left somebody behind: its budget is over.
    private var offersKeepOpen: Bool {
        machine.mayKeepOpen && scopes.allSatisfy { $0.scope.mayTakeCloseBack }
    }

    private func perform(_ action: ClosingStateMachine.Action) {
        switch action {
        case .none: break
        case .beginClosing:
            for (scope, budget) in scopes { beginClosing(scope, within: budget) }
            startTimer(after: Self.patience)
        case .takeDown: takeDown()
        case .reopen:
            stopTimer()
            hideView()
        }
    }

    private func beginClosing(_ scope: WorkerScope, within budget: Duration?) {
        let round = machine.round
        scope.beginClosing(within: budget, on: .mainActor) { [weak self] _ in
            // proof: the port named above runs its jobs on the main actor.
            MainActor.assumeIsolated {
                guard let self else { return }
                self.perform(self.machine.settled(round: round))
            }
        }
    }

    /// Somebody has destroyed the window without asking.
    func windowWasDestroyed() {
        perform(machine.destroyed())
    }

    private func takeDown() {
        stopTimer()
        for (scope, _) in scopes { scope.close() }
        scopes = []
        if let content { g_object_unref(content) }
        content = nil
        view = nil
        g_signal_handler_disconnect(window, connection)
        gtk_window_destroy(window)
        // Lets go of its content and its focus now: a button in it may hold the window.
        if owner != nil { g_object_run_dispose(UnsafeMutablePointer(OpaquePointer(window))) }
        let actions = closed
        closed = []
        for action in actions { action() }
        app.remove(self)
        owner = nil
    }

    // MARK: The view

    /// The process ends, whatever began it: nothing can be kept open any more.
    func showEnd() {
        machine.processEnding()
        processEnds = true
        view?.offersCloseNow = false
        startTimer(after: Self.patience)
    }

    func update(_ names: [String], timeLeft: Duration?) {
        view?.update(names, timeLeft: timeLeft)
    }

    private func startTimer(after delay: Duration) {
        stopTimer()
        schedule(after: guint(clamping: Int(delay / .milliseconds(1))))
    }

    private func schedule(after milliseconds: guint) {
        timer = Callback.after(milliseconds: milliseconds) { [weak self] in self?.look() }
    }

    private func stopTimer() {
        if timer != 0 { g_source_remove(timer) }
        timer = 0
    }

    private func look() {
        timer = 0
        if scopes.contains(where: { $0.scope.phase == .open }), machine.mayKeepOpen {
            // Somebody has kept one open, and nobody would say that it has closed: so is the window.
            for (scope, _) in scopes { _ = scope.takeCloseBack() }
            return perform(machine.keepOpen())
        }
        showView()
        view?.offersKeepOpen = offersKeepOpen
        if !processEnds {
            let names = scopes.flatMap { $0.scope.workers.map { "'\($0.name)'" } }
            view?.update(names, timeLeft: scopes.compactMap { $0.scope.timeLeft }.max())
        }
        schedule(after: Self.tick)
    }

    private func showView() {
        guard view == nil else { return }
        if let child = gtk_window_get_child(window) {
            g_object_ref(child)
            content = child
        }
        let view = ClosingView(
            app, closeNow: { [weak self] in self?.closeNow() }, keepOpen: { [weak self] in self?.keepOpen() })
        view.offersCloseNow = !processEnds
        self.view = view
        gtk_window_set_child(window, view.root.widget)
    }

    private func hideView() {
        guard view != nil else { return }
        view = nil
        gtk_window_set_child(window, content)
        if let content { g_object_unref(content) }
        content = nil
    }
}
#endif
