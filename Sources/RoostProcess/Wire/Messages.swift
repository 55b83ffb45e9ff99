/// What a worker says first.
struct Hello: Codable {
    var wire: UInt64
    var executable: String
    var build: String
    /// Why its setup failed; nil when it did not.
    var setupFailure: String?
}

/// Whether a worker knows a type.
struct TypeAnswer: Codable {
    enum Verdict: String, Codable {
        case known
        case unknown
        /// It has a type of that name that is no task, or one with other outputs or updates.
        case different
    }

    var verdict: Verdict
    /// What it has instead, for the message.
    var detail: String
    /// Its program.
    var executable: String
    var build: String
}

/// An error that a task threw, as it crosses: itself if it can be encoded and found, and in words.
struct RemoteFailure: Codable {
    enum Kind: String, Codable {
        case thrown
        /// The stop it was asked for.
        case stopped
        case inputNotDecodable
        case outputNotEncodable
        case outputTooLarge
        /// The worker ran out of memory or descriptors: it should be replaced.
        case systemLimit
    }

    var kind: Kind
    var type: String
    var text: String
    /// The error's type by name, and its encoding.
    var name: String?
    var encoded: [UInt8]?
}
