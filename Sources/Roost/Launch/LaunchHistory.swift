/// What is remembered of the starts before this one: how many in a row crashed, and in which stages.
///
/// A value that the caller keeps between two starts, and the rules about it: a stage in which two starts in a row have
/// crashed is skipped if it is optional, and after three crashed starts in a row somebody is asked whether to start in safe
/// mode. One clean start resets it; one in safe mode lets a program that nobody attends try the normal way again.
public struct LaunchHistory: Sendable, Hashable {
    /// After so many crashes in a row an optional stage is skipped.
    public static let crashesUntilSkipped = 2
    /// After so many crashed starts in a row safe mode is offered.
    public static let crashedStartsUntilSafeMode = 3

    /// How many starts in a row have crashed before they were over.
    public var crashedStarts: Int
    /// For each stage in how many starts in a row it was open when the process crashed.
    public var stageCrashes: [String: Int]
    /// Whether the program has started in safe mode since its last start that crashed.
    public var hasStartedSafely: Bool

    /// Creates a history; by default that of a program that has never crashed.
    public init(crashedStarts: Int = 0, stageCrashes: [String: Int] = [:], hasStartedSafely: Bool = false) {
        self.crashedStarts = crashedStarts
        self.stageCrashes = stageCrashes
        self.hasStartedSafely = hasStartedSafely
    }

    /// What it means that nobody is there to be asked about crashed starts: safe mode, and once that has worked, one start of the
    /// normal kind. The cause may be gone, and nobody would come to find out; is it not, one crash more leads back to safe mode.
    var unattendedAnswer: LaunchAnswer { hasStartedSafely ? .startNormally : .safeMode }

    var offersSafeMode: Bool { crashedStarts >= Self.crashedStartsUntilSafeMode }

    /// The number of its crashes, for a stage that has crashed too often to run.
    func crashesThatSkip(_ stage: String) -> Int? {
        stageCrashes[stage].flatMap { $0 >= Self.crashesUntilSkipped ? $0 : nil }
    }

    // MARK: Keeping it

    /// The process crashed, or was killed, before its start was over; these stages were open.
    public mutating func crashed(in stages: [String]) {
        crashedStarts += 1
        hasStartedSafely = false
        for stage in stages { stageCrashes[stage, default: 0] += 1 }
    }

    /// A stage is over. One that was done breaks the row of its crashes.
    public mutating func left(_ stage: String, _ outcome: LaunchStageOutcome) {
        switch outcome {
        case .done, .late: stageCrashes[stage] = nil
        case .skipped, .failed, .stopped, .notReached: break
        }
    }

    /// The start is over. One in normal mode was clean and resets the history; one in safe mode shows nothing about the next
    /// normal one: somebody who is there is asked again, and without anybody the next one is normal, once.
    ///
    /// A stage that was skipped for its crashes runs again at the next start, but one crash more is enough to skip it anew: it
    /// is neither lost for ever nor allowed to crash every start but the third.
    public mutating func launched(_ mode: LaunchMode) {
        guard mode == .normal else {
            hasStartedSafely = true
            return
        }
        crashedStarts = 0
        hasStartedSafely = false
        stageCrashes = stageCrashes.compactMapValues {
            $0 < Self.crashesUntilSkipped ? nil : Self.crashesUntilSkipped - 1
        }
    }
}
