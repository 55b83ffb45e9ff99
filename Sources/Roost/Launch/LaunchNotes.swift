/// A journal behind a thread of its own: the main actor never waits for a disk.
@MainActor
final class LaunchNotes {
    /// Beyond this a disk that does not answer holds nobody up any more.
    static let patience = Duration.seconds(2)

    private let journal: any LaunchJournal
    private let thread: SerialThread
    private let time: any TimeSource
    /// It did not answer once: from then on nobody waits for it.
    private(set) var isLate = false

    init(_ journal: any LaunchJournal, time: any TimeSource, root: WorkRoot) {
        self.journal = journal
        self.time = time
        thread = SerialThread("launch-journal", stackSize: 256 * 1024, priority: .normal, time: time, root: root)
    }

    /// Has something written, behind everything before.
    func write(_ note: @escaping @Sendable (any LaunchJournal) -> Void) {
        thread.post { [journal] in note(journal) }
    }

    /// The same, awaited: false, once, when it took too long. Resolved by `stop` as well.
    func writeAndWait(
        unlessStopped stop: OneShot<StopReason>, _ note: @escaping @Sendable (any LaunchJournal) -> Void
    ) async -> Bool {
        guard !isLate else {
            write(note)
            return true
        }
        let isWritten = OneShot<Bool>()
        thread.post { [journal] in
            note(journal)
            isWritten.resolve(true)
        }
        let timer = time.scheduleBudget(after: Self.patience) { isWritten.resolve(false) }
        stop.whenResolved { _ in isWritten.resolve(true) }
        let isInTime = await isWritten.value
        timer.cancel()
        isLate = !isInTime
        return isInTime
    }
}
