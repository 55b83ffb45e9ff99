import Foundation
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// The programs that tests run as workers.
enum TestWorker {
    private static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path

    /// The one that has the tests' tasks; another build of it if `ROOST_TEST_WORKER` names one.
    static let path = ProcessInfo.processInfo.environment["ROOST_TEST_WORKER"] ?? folder + "/process-test-worker"

    /// One that has none of them.
    static let otherPath =
        (path as NSString).deletingLastPathComponent + "/process-test-other-worker"

    /// An app with a pool of its own.
    static let appPath = (path as NSString).deletingLastPathComponent + "/process-test-app"
}

/// A folder of one test, gone with it.
final class Corner: Sendable {
    let folder = NSTemporaryDirectory() + "roost-corner-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A program of a few lines; it notes each of its starts in `starts`.
    func script(_ name: String, _ lines: String) throws -> String {
        try "#!/bin/sh\necho 1 >>'\(path("starts"))'\n\(lines)\n".write(
            toFile: path(name), atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path(name))
        return path(name)
    }
}

/// Lines of the tasks' sources that a comment "here: NAME" marks.
enum Marked {
    static func line(_ name: String, in file: String) throws -> Int {
        // Up from this file: Support, RoostProcessTests.
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: tests.appendingPathComponent(file), encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        let index = lines.firstIndex { line in
            line.components(separatedBy: "// here: ").dropFirst().last?.split(separator: " ").contains(Substring(name))
                ?? false
        }
        return try #require(index, "no line of \(file) is marked \(name)") + 1
    }
}

extension ProcessPool {
    /// Runs short tasks until its workers get some ahead.
    func untilTasksAreShort() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !core.state.withLock({ state in
            state.machine.workers.values.allSatisfy { $0.meanTime <= state.machine.settings.short }
        }) {
            if ContinuousClock.now > deadline { throw Unexpected() }
            _ = try await run(Add(1, 1))
        }
    }
}

extension WorkerHandle {
    /// The ending, unless it takes longer: a test that hangs says so.
    func ending(within limit: Duration) async -> WorkerEnding? {
        let deadline = ContinuousClock.now + limit
        while endingIfEnded == nil, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(1)) }
        return endingIfEnded
    }
}
