import Glibc
import Testing

@testable import ProgramTesting

/// The ways a run is ended from outside.
enum Interruption: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case terminate = "sigterm"
    case interrupt = "sigint"
    case interruptTwice = "sigint twice"
    case hangUpSignal = "sighup"
    case hangUp = "terminal hang up"
    case kill = "sigkill"

    var testDescription: String { rawValue }

    /// The signal that ends a run by this way.
    var signal: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt, .interruptTwice: SIGINT
        case .hangUpSignal, .hangUp: SIGHUP
        case .kill: SIGKILL
        }
    }
}

/// Where a run is when it is interrupted, by what could be seen from outside at that instant.
enum RunPhase: String, CaseIterable, Sendable {
    /// No thumbnail has appeared.
    case before = "before the first picture"
    /// Some have, and nothing was written within the last 300 µs and more.
    case decoding
    /// Something was written to the thumbnails folder at most 300 µs ago.
    case writing
    /// It was asked to stop before, and still runs.
    case shuttingDown = "shutting down"
    /// The last line was printed, and it still runs.
    case after
}

/// What is going to be done to one run; the same for the same seed, way, phase and attempt.
struct InterruptionPlan: CustomStringConvertible {
    let seed: UInt64
    let interruption: Interruption
    let phase: RunPhase
    let attempt: Int
    /// How many thumbnails exist before the run begins, of the reference's, in percent.
    let percentThere: Int
    /// After how many thumbnails, or events of writing, the instant is looked for.
    let count: Int
    /// 0 to 1, stretched to whatever the phase's own delay is.
    let delay: Double
    /// Between a first and a second signal, likewise.
    let secondDelay: Double
    /// JSON lines through a pipe, else the last line alone, on the terminal.
    let isJSON: Bool
    /// Ctrl-C typed into the terminal instead of a signal sent to the process.
    let isTyped: Bool
    /// Whether the run after it makes all that is missing, or most of that is put there first.
    let resumesWhole: Bool

    init(seed: UInt64, _ interruption: Interruption, _ phase: RunPhase, attempt: Int, isSoak: Bool, total: Int) {
        self.seed = seed
        self.interruption = interruption
        self.phase = phase
        self.attempt = attempt
        var generator = SeededGenerator(seed, "\(interruption.rawValue)/\(phase.rawValue)/\(attempt)")
        // A run to its end takes seconds of decoding: in CI it begins with most of it done, and so it does in the soak but
        // for one run in eight, which begins with nothing.
        let isWhole = isSoak && generator.chance(0.125)
        percentThere = isWhole ? 0 : phase == .after ? 95 : 60
        let missing = total * (100 - percentThere) / 100
        count = Int.random(in: 1...max(1, isSoak ? missing * 9 / 10 : min(missing / 2, 60)), using: &generator)
        delay = .random(in: 0..<1, using: &generator)
        secondDelay = .random(in: 0..<1, using: &generator)
        isJSON = generator.chance(0.5)
        isTyped = generator.chance(0.5)
        resumesWhole = isSoak && generator.chance(0.05)
    }

    var description: String {
        "ROOST_SEED=\(seed), \(interruption.rawValue), \(phase.rawValue), attempt \(attempt)"
    }
}
