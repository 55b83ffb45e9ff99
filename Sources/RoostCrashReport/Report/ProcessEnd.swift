/// How a process ended, as its parent's wait says it.
public enum ProcessEnd: Sendable, Hashable {
    /// It left with this status.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32, coreDumped: Bool)

    /// Reads what `waitpid` stores; nil for a process that was only paused or continued.
    public init?(waitStatus status: Int32) {
        let signal = status & 0x7F
        if signal == 0 {
            self = .exited((status >> 8) & 0xFF)
        } else if signal != 0x7F {
            self = .signalled(signal, coreDumped: status & 0x80 != 0)
        } else {
            return nil
        }
    }

    /// The signal that ended it.
    public var signal: Int32? {
        if case .signalled(let number, _) = self { number } else { nil }
    }
}

extension ProcessEnd: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let number, let coreDumped):
            "ended by \(CrashSignal.name(of: number))\(coreDumped ? ", core dumped" : "")"
        }
    }
}

extension ProcessEnd: Codable {
    private enum Key: String, CodingKey {
        case exited, signal, coreDumped
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        if let status = try fields.decodeIfPresent(Int32.self, forKey: .exited) {
            self = .exited(status)
        } else {
            self = .signalled(
                try fields.decode(Int32.self, forKey: .signal),
                coreDumped: try fields.decodeIfPresent(Bool.self, forKey: .coreDumped) ?? false)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        switch self {
        case .exited(let status): try fields.encode(status, forKey: .exited)
        case .signalled(let number, let coreDumped):
            try fields.encode(number, forKey: .signal)
            try fields.encode(coreDumped, forKey: .coreDumped)
        }
    }
}
