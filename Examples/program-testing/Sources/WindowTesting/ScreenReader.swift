import Foundation
import Glibc

@testable import ProgramTesting

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

    /// One run of the script.
    private final class Session {
        private let services: Services
        private let program: Program
        private let commands: FileHandle
        private var read = 0

        init(_ environment: [String: String]) throws {
            services = try Services()
            let pipe = services.workspace.path("commands")
            guard mkfifo(pipe, 0o600) == 0 else { throw LaunchError(call: "mkfifo", errno: errno) }
            let script = Bundle.module.path(forResource: "screen-reader", ofType: "py") ?? ""
            program = try services.start("/usr/bin/python3", [script, pipe], environment)
            // Waits for the other side to open it.
            commands = try FileHandle(forWritingTo: URL(fileURLWithPath: pipe))
        }

        /// The answer, or nil when the script has died of it.
        func ask(_ command: [String]) throws -> Data? {
            try commands.write(contentsOf: JSONEncoder().encode(command) + Data("\n".utf8))
            func answer() -> Data? {
                let rest = program.outputBytes[read...]
                return rest.firstIndex(of: UInt8(ascii: "\n")).map { Data(rest[..<$0]) }
            }
            program.wait(for: .seconds(30)) { answer() != nil || program.ending != nil }
            guard let line = answer() else {
                guard case .signalled? = program.ending else {
                    throw Failure(failure: "no answer to \(command): \(program.errorText)")
                }
                return nil
            }
            read += line.count + 1
            return line
        }
    }

    private let environment: [String: String]
    private var session: Session

    public init(_ desktop: Desktop) throws {
        environment = desktop.environment
        session = try Session(environment)
    }

    private func ask<Answer: Decodable>(_ command: [String]) throws -> Answer {
        var line = try session.ask(command)
        if line == nil {
            // libatspi crashes when a program goes away while it is being looked at: another one looks again.
            session = try Session(environment)
            line = try session.ask(command)
        }
        guard let line else { throw Failure(failure: "the screen reader dies of \(command)") }
        if let failure = try? JSONDecoder().decode(Failure.self, from: line) { throw failure }
        return try JSONDecoder().decode(Answer.self, from: line)
    }

    /// Everything in the windows of a process, from the first to the last.
    public func items(of process: pid_t) throws -> [Item] { try ask(["items", "\(process)"]) }

    /// Presses the button with this name in the newest window of a process that has one; waits for it up to ten seconds.
    public func press(_ button: String, of process: pid_t) throws {
        let _: Bool = try ask(["press", "\(process)", button])
    }

    /// A key that is held, as the X server counts keys.
    public enum Modifier: Int {
        case control = 37
        case alt = 64
    }

    /// A key by itself, as the X server counts keys.
    public enum Key: Int {
        case escape = 9
        case tab = 23
        case enter = 36
    }

    /// Presses a key, in the window that has the keyboard.
    public func tap(_ key: Key) throws {
        let _: Bool = try ask(["tap", "\(key.rawValue)"])
    }

    /// Types a letter while the modifier is held, into the window that has the keyboard.
    public func type(_ modifier: Modifier, _ letter: Character) throws {
        let _: Bool = try ask(["key", "\(modifier.rawValue)", "\(letter)"])
    }
}
