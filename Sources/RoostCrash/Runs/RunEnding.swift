public import RoostCrashReport

/// How a run of the program ended, as far as that can be known afterwards.
public enum RunEnding: Sendable, Hashable {
    /// It left by itself, with this exit status.
    case clean(status: Int32)
    /// A signal asked it to end, and it did so in order; or at once, when somebody asked again (a second SIGINT).
    case stopped(signal: Int32)
    /// It was asked to end, and something still ran when its budget was over: status 70.
    case pastBudget
    /// Somebody had it print its threads and end (SIGQUIT).
    case quit
    /// It crashed; by signal 0 if all that told of it is gone.
    case crashed(CrashSignal)
    /// It ended without a word: SIGKILL, another signal for which it has no handler, or `_exit`. Who killed it, if anything speaks for somebody.
    case killed(KillCause?)
    /// The machine went down with it.
    case machineWentDown

    /// Who may have killed a process.
    public enum KillCause: String, Sendable, Hashable, Codable {
        /// The kernel had killed for want of memory meanwhile, on this machine or in this process's control group.
        case outOfMemory
        /// It had been asked to end, and did not do so in the time that somebody gave it.
        case whileEnding
    }

    /// An ending without what belongs to it: see the cases of the same names.
    public enum Kind: String, Sendable, Hashable {
        case clean, stopped
        case pastBudget = "past-budget"
        case quit, crashed, killed
        case machineWentDown = "machine-went-down"

        var isOrderly: Bool { self == .clean || self == .stopped }
    }

    /// Which of them it is.
    public var kind: Kind {
        switch self {
        case .clean: .clean
        case .stopped: .stopped
        case .pastBudget: .pastBudget
        case .quit: .quit
        case .crashed: .crashed
        case .killed: .killed
        case .machineWentDown: .machineWentDown
        }
    }

    /// True when nobody has to be told: it ended as it was asked to.
    public var isOrderly: Bool {
        switch self {
        case .clean, .stopped: true
        default: false
        }
    }
}

extension RunEnding: CustomStringConvertible {
    public var description: String {
        switch self {
        case .clean(0): "ended well"
        case .clean(let status): "ended with status \(status)"
        case .stopped(let signal): "was stopped by \(CrashSignal.name(of: signal))"
        case .pastBudget: "was not done when its time to end was over"
        case .quit: "was ended by SIGQUIT"
        case .crashed(let signal) where signal.number == 0: "crashed"
        case .crashed(let signal): "crashed (\(CrashSignal.name(of: signal.number)))"
        case .killed(nil): "ended without a word"
        case .killed(.outOfMemory?): "was killed, probably for want of memory"
        case .killed(.whileEnding?): "was killed while it was ending"
        case .machineWentDown: "ended with the machine"
        }
    }
}
