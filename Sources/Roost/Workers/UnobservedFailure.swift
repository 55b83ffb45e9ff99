import CRoostPlatform
import Glibc

/// A worker failed and nobody looked: no `value`, no `ending`, no `onEnd` before its handle was gone, or before the end of
/// the process for a handle that was kept.
public struct UnobservedFailure: Sendable {
    /// The worker's name.
    public let worker: String
    /// The name of its scope.
    public let scope: String
    /// What its body threw.
    public let error: any Error

    package init(worker: String, scope: String, error: any Error) {
        self.worker = worker
        self.scope = scope
        self.error = error
    }

    /// For a line of ours, whatever the names hold.
    private var shownName: String {
        "'\(PrintableText.short(worker, limit: 200))' of '\(PrintableText.short(scope, limit: 200))'"
    }

    /// Sets what is called, once for each such failure, on the thread that let go of the worker last, or at the end of the
    /// process on a thread of Roost.
    /// It must not block. The default writes one line to standard error. Every one is in the shutdown report as well.
    public static func handle(with handler: @escaping @Sendable (UnobservedFailure) -> Void) {
        // The one before is let go outside the lock: its captures may run code at their end.
        var handler = handler
        state.withLock { swap(&$0.handler, &handler) }
    }

    private struct State {
        var handler: @Sendable (UnobservedFailure) -> Void = { failure in
            writeToStandardError(
                "Roost: worker \(failure.shownName) failed and nobody looked: \(failure.error)\n")
        }
        var recent: [String] = []
        var count = 0
    }

    private static let kept = 100
    private static let state = Locked(State())

    package static func report(_ failure: UnobservedFailure) {
        // Before the lock: the description of an error is the user's code.
        let line = "\(failure.shownName): \(failure.error)"
        let handler = state.withLock { state in
            state.count += 1
            if state.recent.count < kept { state.recent.append(line) }
            return state.handler
        }
        handler(failure)
    }

    /// How many there were so far.
    package static var count: Int { state.withLock { $0.count } }

    /// Those so far, at most 100, as lines for the report.
    static var recent: [String] { state.withLock { $0.recent } }
}

/// The workers that failed and are still held by a handle: at the end of the process nobody will look at them any more.
enum HeldFailures {
    private struct Held {
        weak var worker: Worker?
    }

    private static let held = Locked<[ObjectIdentifier: Held]>([:])

    static func add(_ worker: Worker) {
        held.withLock { $0[ObjectIdentifier(worker)] = Held(worker: worker) }
    }

    /// Called by a worker that goes.
    static func remove(_ worker: Worker) {
        held.withLock { $0[ObjectIdentifier(worker)] = nil }
    }

    /// Reports those of `root` that nobody has looked at so far, on a thread of its own: errors describe themselves by code
    /// of the user's, and standard error may take nothing. Returns when that is done, at the latest after `limit`.
    static func report(of root: WorkRoot, within limit: Duration) {
        guard held.withLock({ !$0.isEmpty }) else { return }
        let parker = Parker()
        let tell: @Sendable () -> Void = {
            report(of: root)
            parker.unpark()
        }
        SystemTime.shared.runOnThread(named: "roost-unseen", or: .budgets, tell)
        parker.park(until: .now + limit)
    }

    /// The same on this thread.
    static func report(of root: WorkRoot) {
        // Let go outside the lock: the end of a worker takes it.
        let workers = held.withLock { $0.values.compactMap(\.worker) }.sorted { $0.name < $1.name }
        for worker in workers where worker.scope.root === root {
            guard let error = worker.endingIfEnded?.failure, worker.takeUnobserved() else { continue }
            UnobservedFailure.report(UnobservedFailure(worker: worker.name, scope: worker.scope.name, error: error))
        }
    }
}

/// Writes all of it, whatever signals come; gives up when standard error is gone, or takes nothing for 50 ms.
package func writeToStandardError(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
        guard let start = bytes.baseAddress else { return }
        _ = roost_write_bounded(STDERR_FILENO, start, bytes.count)
    }
}
