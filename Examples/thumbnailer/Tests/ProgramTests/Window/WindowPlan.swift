#if Window
@testable import ProgramTesting

/// How often a window is asked to close.
enum WindowRequest: String, CaseIterable, Sendable {
    case once
    case twice
}

/// Where a run is when its window is asked to close, by what could be seen from outside at that instant.
enum WindowPhase: String, CaseIterable, Sendable {
    /// The window exists and is not shown.
    case unmapped = "before the first map"
    /// It is shown, and nothing was written within the last 300 µs and more.
    case decoding
    /// Something was written to the thumbnails folder at most 300 µs ago.
    case writing
    /// It was asked before, and says that it shuts down.
    case closing = "in the shutdown view"
    /// Everything is made, and the window says so.
    case after = "after the end"
}

/// What is going to be done to one run; the same for the same seed, request, phase and attempt.
struct WindowPlan: CustomStringConvertible {
    let seed: UInt64
    let request: WindowRequest
    let phase: WindowPhase
    let attempt: Int
    /// How many thumbnails exist before the run begins, of the reference's, in percent.
    let percentThere: Int
    /// After how many thumbnails the instant is looked for.
    let count: Int
    /// 0 to 1, stretched to whatever the phase's own delay is.
    let delay: Double
    /// Between a first and a second request, likewise.
    let secondDelay: Double
    /// Whether the run after it makes all that is missing, or most of that is put there first.
    let resumesWhole: Bool

    init(seed: UInt64, _ request: WindowRequest, _ phase: WindowPhase, attempt: Int, isSoak: Bool, total: Int) {
        self.seed = seed
        self.request = request
        self.phase = phase
        self.attempt = attempt
        var generator = SeededGenerator(seed, "window/\(request.rawValue)/\(phase.rawValue)/\(attempt)")
        percentThere = phase == .after || phase == .closing ? 97 : 60
        let missing = total * (100 - percentThere) / 100
        count = Int.random(in: 1...max(1, isSoak ? missing * 9 / 10 : min(missing / 2, 60)), using: &generator)
        delay = .random(in: 0..<1, using: &generator)
        secondDelay = .random(in: 0..<1, using: &generator)
        resumesWhole = isSoak && generator.chance(0.05)
    }

    var description: String {
        "ROOST_SEED=\(seed), \(request.rawValue), \(phase.rawValue), attempt \(attempt)"
    }
}
#endif
