/// What a thread of Roost works on.
public struct ThreadWork: Sendable, Hashable, Codable {
    /// The worker's name.
    public var worker: String
    /// The name of the scope that it belongs to.
    public var scope: String
    /// Where its last checkpoint is, as `file:line`; nil if it passed none.
    public var checkpoint: String?
    /// For how long it has run.
    public var age: Duration
}

extension ThreadWork: CustomStringConvertible {
    public var description: String {
        let place = checkpoint.map { ", last checkpoint \($0)" } ?? ", no checkpoint yet"
        return "worker '\(worker)' of '\(scope)' for \(Amount.of(age))\(place)"
    }
}
