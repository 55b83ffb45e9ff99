import Foundation
import Synchronization
import Testing

/// The program that ends in one of many ways, with a store of its own; gone with the test.
final class CrashProgram: Sendable {
    let folder: String
    let store: String

    /// The build that the tests are of; another one if `ROOST_TEST_WORKER` names a program of it.
    static let path: String = {
        let own = URL(fileURLWithPath: CommandLine.arguments[0])
        let named = ProcessInfo.processInfo.environment["ROOST_TEST_WORKER"].map { URL(fileURLWithPath: $0) }
        return (named ?? own).deletingLastPathComponent().appendingPathComponent("crash-test-app").path
    }()

    static var isRelease: Bool { ProcessInfo.processInfo.environment["ROOST_TEST_BUILD"] == "release" }

    init() throws {
        folder = NSTemporaryDirectory() + "roost-crash-\(UUID().uuidString)"
        store = folder + "/store"
        try FileManager.default.createDirectory(atPath: folder + "/memory", withIntermediateDirectories: true)
    }

    deinit {
        // With the store goes what its records name in memory.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: store + "/runs")) ?? [] {
            let record = Self.text("\(store)/runs/\(name)")
            for line in record.split(separator: "\n") where line.hasPrefix("page ") {
                unlink(String(line.dropFirst(5)))
            }
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What is in a file; nothing in one that is none, or empty: of such a one Foundation leaks a page of memory.
    private static func text(_ path: String) -> String {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return "" }
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    struct Outcome: Sendable {
        var signal: Int32?
        var status: Int32?
        var output: String
        var errors: String
        var took: Duration
    }

    /// A started program.
    struct Running: Sendable {
        let process: Process
        let output: FileHandle
        let errors: URL
        /// What was read while somebody waited for it.
        private let seen = Shared("")

        /// A value that copies of this one share.
        private final class Shared: Sendable {
            private let held: Mutex<String>
            init(_ text: String) { held = Mutex(text) }
            var text: String { held.withLock { $0 } }
            func add(_ more: String) { held.withLock { $0 += more } }
        }

        init(process: Process, output: FileHandle, errors: URL) {
            (self.process, self.output, self.errors) = (process, output, errors)
        }

        var id: Int32 { process.processIdentifier }

        /// What it has printed on standard error so far.
        var printedErrors: String {
            // Foundation's shorter ways leak a page of memory for each file that is empty.
            let data = try? FileHandle(forReadingFrom: errors).readToEnd()
            return String(decoding: data ?? Data(), as: UTF8.self)
        }

        /// Reads until the program has printed this; false if it ended before.
        func waits(for text: String) -> Bool {
            while !seen.text.contains(text) {
                let data = output.availableData
                if data.isEmpty { return false }
                seen.add(String(decoding: data, as: UTF8.self))
            }
            return true
        }

        /// How it ended; it is killed after half a minute, which fails the test.
        func end() -> Outcome {
            let began = ContinuousClock.now
            let limit = DispatchWorkItem { process.interruptHard() }
            DispatchQueue.global().asyncAfter(deadline: .now() + 30, execute: limit)
            let text = seen.text + String(decoding: output.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            limit.cancel()
            return Outcome(
                signal: process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil,
                status: process.terminationReason == .exit ? process.terminationStatus : nil, output: text,
                errors: printedErrors, took: ContinuousClock.now - began)
        }
    }

    func start(
        _ action: [String], environment: [String: String] = [:], store: String? = nil, program: String = path,
        standardError: Pipe? = nil
    ) throws -> Running {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [store ?? self.store] + action
        // The runtime's backtracer takes a part of a second of each crash; where it matters a test asks for it.
        var all = ProcessInfo.processInfo.environment
        all["SWIFT_BACKTRACE"] = "enable=no"
        all.merge(environment) { $1 }
        process.environment = all
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        let errors = URL(fileURLWithPath: "\(folder)/errors-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        if let standardError {
            process.standardError = standardError
        } else {
            process.standardError = try FileHandle(forWritingTo: errors)
        }
        try process.run()
        return Running(process: process, output: pipe.fileHandleForReading, errors: errors)
    }

    func run(_ action: String..., environment: [String: String] = [:], store: String? = nil) throws -> Outcome {
        try start(action, environment: environment, store: store).end()
    }

    /// What the next start says of the run before.
    func tell(environment: [String: String] = [:]) throws -> Told {
        let outcome = try run("tell", environment: environment)
        #expect(outcome.status == 0, "\(outcome)")
        return Told(text: outcome.output)
    }

    struct Told: Sendable, CustomStringConvertible {
        var text: String

        var description: String { text }
        /// The values of the lines `key: value`.
        func values(_ key: String) -> [String] {
            text.split(separator: "\n").filter { $0.hasPrefix("\(key): ") }.map { String($0.dropFirst(key.count + 2)) }
        }
        var ending: String { values("ending").first ?? "-" }
        var stage: String { values("stage").first ?? "-" }
        /// The line that says it all.
        var summary: String {
            text.split(separator: "\n").first { $0.hasPrefix("the last run of") }.map(String.init) ?? ""
        }
    }

    var reports: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: store + "/reports")) ?? []).sorted()
    }

    /// The path of the only file of a run that ends so: its record, or the copy of its page.
    func runFile(_ ending: String = ".run") throws -> String {
        let runs = store + "/runs"
        let name = try FileManager.default.contentsOfDirectory(atPath: runs).first { $0.hasSuffix(ending) }
        return "\(runs)/\(try #require(name))"
    }

    /// The path of the page that the record of the only run names.
    func pageFile() throws -> String {
        let lines = try String(contentsOfFile: runFile(), encoding: .utf8).split(separator: "\n")
        return String(try #require(lines.first { $0.hasPrefix("page ") }).dropFirst(5))
    }

    /// Waits until the record of some run has a line that begins so; false when none has one in half a minute.
    func waits(forLine line: String) throws -> Bool {
        try waits {
            let records = try FileManager.default.contentsOfDirectory(atPath: store + "/runs").filter {
                $0.hasSuffix(".run")
            }
            let texts = records.map { Self.text("\(store)/runs/\($0)") }
            return texts.contains { $0.contains("\n\(line)") }
        }
    }

    /// Waits until it is so; false when it is not in half a minute.
    func waits(until isSo: () throws -> Bool) rethrows -> Bool {
        let limit = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < limit {
            if try isSo() { return true }
            usleep(10_000)
        }
        return false
    }

    /// True when the process has ended, at the latest within two seconds; its parent may not have asked yet how.
    static func isGone(_ process: Int32) -> Bool {
        let deadline = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < deadline {
            guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                let state = status.split(separator: ")").last?.split(separator: " ").first
            else { return true }
            if state == "Z" || state == "X" { return true }
            usleep(1_000)
        }
        return false
    }

    /// Files of pages that are left in memory.
    static func pages(of process: Int32) -> [String] {
        let folders = [
            ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"].map { "\($0)/roost-crash-test" },
            "/dev/shm/roost-\(getuid())/roost-crash-test",
        ].compactMap { $0 }
        return folders.flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
                $0.hasSuffix("-\(process).page")
            }
        }
    }
}

extension Process {
    fileprivate func interruptHard() { kill(processIdentifier, SIGKILL) }
}

/// Lines of sources that a comment "here: NAME" marks.
enum MarkedLine {
    static func number(_ name: String, in file: String) throws -> Int {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let lines = try String(contentsOf: tests.appendingPathComponent(file), encoding: .utf8).components(
            separatedBy: "\n")
        let index = lines.firstIndex { line in
            line.components(separatedBy: "// here: ").dropFirst().last?.split(separator: " ").contains(Substring(name))
                ?? false
        }
        return try #require(index, "no line of \(file) is marked \(name)") + 1
    }
}
