import Roost
import RoostProcess

/// Throws an error with a long text.
public struct ThrowText: IsolatedTask {
    public var character: String
    public var count: Int
    public init(_ character: String, count: Int) { (self.character, self.count) = (character, count) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        throw Wordy(description: String(repeating: character, count: count))
    }
}

/// Cannot cross but by its words.
struct Wordy: Error, CustomStringConvertible {
    var description: String
}
