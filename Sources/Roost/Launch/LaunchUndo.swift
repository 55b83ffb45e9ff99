import Synchronization

/// What takes a stage back that has begun. It runs at most once: by the launch, or by a finalizer when the process is asked to
/// end first.
final class LaunchUndo: Sendable {
    let undo: LaunchStage.Undo
    private let once = Once()
    private let finalizer = Locked<FinalizerRegistration?>(nil)

    init(_ stage: LaunchStage, _ undo: LaunchStage.Undo, shutdown: Shutdown) {
        self.undo = undo
        // The last registered runs first: stages are undone in reverse order there, too.
        let name = "undo of '\(stage.name)'"
        // The finalizer knows nothing of this object, which holds it.
        let once = once
        let registration =
            switch undo {
            case .worker(let body):
                shutdown.addFinalizer(name, within: stage.limit) { if once.take() { try body() } }
            case .mainActor(let body):
                shutdown.addMainActorFinalizer(name, within: stage.limit) { if once.take() { try body() } }
            }
        finalizer.withLock { $0 = registration }
    }

    /// True for the one who is to undo.
    func take() -> Bool { once.take() }

    /// Whether somebody undoes it, or has.
    var isTaken: Bool { once.isTaken.load(ordering: .acquiring) }

    private final class Once: Sendable {
        let isTaken = Atomic<Bool>(false)
        func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
    }

    /// The finalizer is not needed any more.
    func forget() {
        let registration = finalizer.withLock { finalizer in
            defer { finalizer = nil }
            return finalizer
        }
        registration?.remove()
    }
}
