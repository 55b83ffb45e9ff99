import Foundation

/// Uses a program as somebody with a screen reader does: by the roles and names that its widgets have (AT-SPI).
///
/// Runs `screen-reader.py`, one command a line; its answers are JSON, one a line.
public final class ScreenReader {
    /// A widget as it is read out.
    public struct Item: Decodable, Hashable, Sendable {
        public let role: String
        public let name: String
        public let text: String
        public let isEnabled: Bool
    }

    public struct Failure: Error, Decodable, CustomStringConvertible {
        public let failure: String
        public var description: String { failure }
    }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    public init(_ desktop: Desktop) throws {
        let script = Bundle.module.path(forResource: "screen-reader", ofType: "py")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [script ?? ""]
        process.environment = desktop.environment
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private func ask<Answer: Decodable>(_ command: [String]) throws -> Answer {
        let line = try JSONEncoder().encode(command) + Data("\n".utf8)
        try input.fileHandleForWriting.write(contentsOf: line)
        var answer = Data()
        while let byte = try output.fileHandleForReading.read(upToCount: 1), byte != Data("\n".utf8) { answer += byte }
        if let failure = try? JSONDecoder().decode(Failure.self, from: answer) { throw failure }
        return try JSONDecoder().decode(Answer.self, from: answer)
    }

    /// Everything in the windows of a process, from the first to the last.
    public func items(of process: pid_t) throws -> [Item] { try ask(["items", "\(process)"]) }

    /// Presses the button with this name in the newest window of a process that has one; waits for it up to ten seconds.
    public func press(_ button: String, of process: pid_t) throws { let _: Bool = try ask(["press", "\(process)", button]) }
}
