#if ServiceLifecycle
import Foundation
import Roost
import Testing

@Suite("A program with a group of services and Roost's shutdown", .serialized)
struct ProgramTests {
    private static let app =
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/service-test-app"

    private struct Outcome {
        let lines: [String]
        let status: Int32
        let wasSignalled: Bool
        let report: ShutdownReport
    }

    /// Runs the program, sends the signal once it says that it is ready, and reads what it left.
    private func run(_ mode: String, signal: Int32?) throws -> Outcome {
        let path = NSTemporaryDirectory() + "roost-service-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.app)
        process.arguments = [mode, path]
        let output = Pipe()
        process.standardOutput = output
        try start(process)
        var text = ""
        var isSent = signal == nil
        // Should it hang, its end is the test's failure.
        let hang = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: hang)
        while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            text += String(decoding: data, as: UTF8.self)
            if !isSent, let signal, text.contains("ready\n") {
                isSent = true
                kill(process.processIdentifier, signal)
            }
        }
        process.waitUntilExit()
        hang.cancel()
        return Outcome(
            lines: text.split(separator: "\n").map(String.init), status: process.terminationStatus,
            wasSignalled: process.terminationReason == .uncaughtSignal,
            report: try ShutdownReport(json: String(contentsOfFile: path, encoding: .utf8)))
    }

    /// Threads of Swift's cooperative pool have signals blocked, and a child inherits that.
    private func start(_ process: Process) throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    @Test("a signal that Roost handles: workers end, then the services, and the process ends by the signal")
    func oursEndsTheirs() throws {
        let outcome = try run("roost-signals", signal: SIGTERM)
        #expect(outcome.lines == ["ready", "worker ended", "server ended", "group ended"])
        #expect(outcome.wasSignalled && outcome.status == SIGTERM)
        #expect(outcome.report.isClean && outcome.report.cause == "SIGTERM")
    }

    @Test("a signal that the group handles: it begins Roost's shutdown, workers end first, the status is that of main")
    func theirsBeginsOurs() throws {
        let outcome = try run("group-signals", signal: SIGTERM)
        #expect(outcome.lines == ["ready", "worker ended", "server ended", "group ended"])
        #expect(!outcome.wasSignalled && outcome.status == 3)
        #expect(outcome.report.isClean && outcome.report.cause == "the service group's graceful shutdown")
        #expect(outcome.report.workers.map(\.ending) == ["stopped"])
        let timeline = outcome.report.timeline
        #expect(timeline.bars.map(\.name) == ["until stopped", "workers stop", "finalizers run", "the report is made"])
        #expect(timeline.bars.filter(\.isLate).isEmpty)
    }

    @Test("a service that does not end: the process is over within the budget, with 70 and the main body named")
    func stubborn() throws {
        let begin = ContinuousClock.now
        let outcome = try run("stubborn", signal: SIGTERM)
        #expect(ContinuousClock.now - begin < .seconds(30))
        #expect(!outcome.wasSignalled && outcome.status == 70)
        #expect(outcome.report.stragglers.map(\.worker) == ["main"])
        #expect(outcome.report.duration <= .milliseconds(1_500))
        let timeline = outcome.report.timeline
        #expect(timeline.bars.filter(\.isLate).map(\.name) == ["main", "workers stop"])
    }

    @Test("a worker that does not stop: the services have half of the grace, and end in it")
    func lateWorker() throws {
        let outcome = try run("late-worker", signal: SIGTERM)
        #expect(outcome.lines == ["ready", "worker ended", "server ended", "group ended"])
        #expect(!outcome.wasSignalled && outcome.status == 70)
        #expect(outcome.report.stragglers.map(\.worker) == ["late"])
    }

    @Test("a service that fails and lets its group shut down gracefully: the exit status is 1, not a success")
    func failing() throws {
        let outcome = try run("failing", signal: nil)
        #expect(outcome.lines.contains("worker ended") && outcome.lines.contains("server ended"))
        #expect(!outcome.wasSignalled && outcome.status == 1)
    }
}
#endif
