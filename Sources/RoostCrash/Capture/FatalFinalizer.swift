import CRoostCrash
import Synchronization

/// What is done when the process ends fatally: by a crash, by SIGQUIT, by a second SIGINT, when its time to end is over, and for files also by the next run if this one was killed without a word.
///
/// The next run removes such a file when it first asks for ``CrashCapture/lastRun``, once: not one that a run which lives has declared as well, nor one
/// that was changed after the next run began, for that is another's by now.
///
/// Nothing but this can be done then. A closure cannot: the process that it would run in is broken. What needs more is a recovery step of the next
/// start, which is told what happened (``CrashCapture/lastRun``).
///
/// It holds until ``remove()``, also when nobody keeps the value. Any thread.
public final class FatalFinalizer: Sendable {
    /// -1 once it was taken back: its place may be somebody else's then.
    private let place: Atomic<Int32>

    private init(place: Int32) { self.place = Atomic(place) }

    /// Removes the file at this absolute path. Nil when there is no room for one more (32 in all), the path is relative or longer than 511
    /// bytes, or nothing is installed.
    public static func unlink(_ path: String) -> FatalFinalizer? {
        guard path.hasPrefix("/") else { return nil }
        return declared(roost_crash_add_unlink(path))
    }

    /// Kills this process group. Nil when there is no room, or the number is not that of another group than this process's own.
    public static func killGroup(_ group: Int32) -> FatalFinalizer? { declared(roost_crash_add_kill_group(group)) }

    private static func declared(_ place: Int32) -> FatalFinalizer? {
        place < 0 ? nil : FatalFinalizer(place: place)
    }

    /// Takes it back: it is not needed any more. A second time it does nothing.
    public func remove() { roost_crash_remove_finalizer(place.exchange(-1, ordering: .acquiringAndReleasing)) }
}
