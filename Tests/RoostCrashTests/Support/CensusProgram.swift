import Foundation
import Testing

/// A run of `census-test-app`, whose lines a test reads one by one.
final class CensusProgram {
    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()
    private var rest: [UInt8] = []
    let folder = NSTemporaryDirectory() + "roost-census-\(UUID().uuidString)"
    var fifo: String { folder + "/fifo" }

    /// Starts it; `FIFO` among the arguments is a FIFO of its own.
    init(_ arguments: String...) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try #require(mkfifo(folder + "/fifo", 0o600) == 0)
        // Beside the other one.
        process.executableURL = URL(fileURLWithPath: CrashProgram.path).deletingLastPathComponent()
            .appendingPathComponent("census-test-app")
        process.arguments = arguments.map { $0 == "FIFO" ? folder + "/fifo" : $0 }
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        try? output.fileHandleForWriting.close()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var id: Int32 { process.processIdentifier }

    /// The next line; nil at the end of what it prints, or when nothing came for a minute.
    func line() -> String? {
        let file = output.fileHandleForReading.fileDescriptor
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 60_000) > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { return nil }
            rest += buffer[..<count]
        }
    }

    /// The next line, as a value.
    func value<Value: Decodable>(_: Value.Type = Value.self) throws -> Value {
        let line = try #require(self.line(), "it says nothing more")
        return try JSONDecoder().decode(Value.self, from: Data(line.utf8))
    }

    /// All lines to the end.
    func text() -> String {
        var lines: [String] = []
        while let line = line() { lines.append(line) }
        return lines.joined(separator: "\n")
    }

    /// Lets a read of the FIFO end.
    func feed(_ text: String) throws {
        let file = open(fifo, O_RDWR)
        try #require(file >= 0)
        try #require(write(file, text, text.utf8.count) == text.utf8.count)
        // Open until somebody has read it: what nobody reads goes with the last end.
        var left: Int32 = 1
        let end = ContinuousClock.now + .seconds(20)
        while left > 0, ContinuousClock.now < end {
            _ = ioctl(file, UInt(FIONREAD), &left)
            usleep(1_000)
        }
        close(file)
    }

    func type(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
    func status() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}

/// Lines of the test programs' sources that a comment "here: NAME" marks.
enum CensusMark {
    static func line(_ name: String, in file: String) throws -> Int {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: tests.appendingPathComponent(file), encoding: .utf8)
        let index = text.components(separatedBy: "\n").firstIndex { $0.hasSuffix("// here: \(name)") }
        return try #require(index, "no line of \(file) is marked \(name)") + 1
    }
}
