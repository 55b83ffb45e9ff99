/// Where a start writes down how far it has come, so that the next one knows it also after a crash.
///
/// The methods are called one at a time, in order, on a thread of the launch: never on the main actor, never with a lock held.
/// They may wait for the disk; what they wrote has to be there when they return. They report their own failures: a
/// start goes on without its journal. One that takes longer than two seconds is not waited for any more.
public protocol LaunchJournal: Sendable {
    /// The stage is about to begin: its body is called after this has returned.
    func enter(_ stage: String)
    /// The stage is over.
    func leave(_ stage: String, _ outcome: LaunchStageOutcome)
    /// The start is over: what crashes from here on is no crash of the start. See ``LaunchHistory/launched(_:)``.
    func launched(_ mode: LaunchMode)
    /// The start was given up in order, because somebody quit or the process was asked to end: no crash, and nothing is
    /// known about the next start.
    func gaveUp()
}
