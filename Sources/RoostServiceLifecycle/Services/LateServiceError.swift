#if ServiceLifecycle
/// A service of Roost did not end within its budget.
public struct LateServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which: a scope or a pool, and its name.
    public let service: String
    /// Who was late, in words.
    public let late: [String]

    public var description: String {
        "\(service) did not stop within its budget: \(late.isEmpty ? "nobody is named" : late.joined(separator: "; "))"
    }
}
#endif
