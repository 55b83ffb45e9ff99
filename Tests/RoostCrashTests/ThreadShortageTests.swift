import Foundation
import Roost
import Testing

/// Where the system gives a program no more threads, as a container with a limit of processes does.
@Suite(.serialized) struct ThreadShortageTests {
    private static let refusal = "pthread_create: Resource temporarily unavailable"

    private func start(_ action: String, _ program: CrashProgram) throws -> CrashProgram.Running {
        // Limited is nobody but the administrator: as root the program becomes another user, who writes here, too.
        chmod(program.folder, 0o777)
        return try program.start(
            [action, "5000"], store: program.folder + "/report.json", program: StragglerStackTests.path)
    }

    @Test func atTheStartItIsSaid() throws {
        let program = try CrashProgram()
        let outcome = try start("no-threads", program).end()
        #expect(outcome.status == 71, "\(outcome)")
        #expect(outcome.errors == "shutdown-test: cannot start: \(Self.refusal)\n", "\(outcome)")
    }

    /// What waits for a thread says so once, and begins when there is one.
    @Test func forAWhileWorkWaits() throws {
        let program = try CrashProgram()
        let outcome = try start("no-threads-for-a-while", program).end()
        #expect(outcome.status == 0, "\(outcome)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.first == "until now none ran" && lines.last == "ready", "\(outcome)")
        #expect(lines.contains("a worker ran") && lines.contains("the camera ran"), "\(outcome)")
        for queue in ["pool", "camera"] {
            let said = "Roost: '\(queue)' has had no thread for a second, and its work waits: \(Self.refusal)\n"
            #expect(outcome.errors.components(separatedBy: said).count == 2, "\(outcome)")
        }
    }

    /// What was printed is waited for 50 ms, within which a busy machine may run somebody else: once in three times is enough.
    private func untilPrinted(_ run: () throws -> CrashProgram.Outcome) throws {
        var outputs: [String] = []
        for _ in 0..<3 where !(outputs.last ?? "").contains("printed") { outputs.append(try run().output) }
        #expect(outputs.last?.contains("printed") == true, "\(outputs)")
    }

    /// An end needs no new thread: it is as fast as ever, and does all that it has to.
    @Test func atTheEndNothingIsLeftOut() throws { try untilPrinted(atTheEndBySignal) }

    private func atTheEndBySignal() throws -> CrashProgram.Outcome {
        let program = try CrashProgram()
        let running = try start("no-threads-at-the-end", program)
        #expect(running.waits(for: "ready"))
        let asked = ContinuousClock.now
        kill(running.id, SIGTERM)
        let outcome = running.end()
        #expect(outcome.signal == SIGTERM, "\(outcome)")
        #expect(ContinuousClock.now - asked < .seconds(2), "\(outcome)")
        #expect(outcome.output.contains("goodbye"), "\(outcome)")
        let text = try String(contentsOfFile: program.folder + "/report.json", encoding: .utf8)
        let report = try ShutdownReport(json: text)
        #expect(report.stragglers.isEmpty && report.finalizers.map(\.outcome) == ["done"], "\(report)")
        #expect(report.finalizers.map(\.name) == ["say goodbye"], "\(report)")
        return outcome
    }

    /// Where one finalizer hangs the next one runs all the same.
    @Test func aFinalizerThatHangsKeepsNoOther() throws { try untilPrinted(withAFinalizerThatHangs) }

    private func withAFinalizerThatHangs() throws -> CrashProgram.Outcome {
        let program = try CrashProgram()
        let outcome = try start("no-threads-at-the-end-of-main", program).end()
        #expect(outcome.status == 70 && outcome.took < .seconds(3), "\(outcome)")
        #expect(outcome.output.contains("goodbye"), "\(outcome)")
        let text = try String(contentsOfFile: program.folder + "/report.json", encoding: .utf8)
        let report = try ShutdownReport(json: text)
        #expect(report.finalizers.map(\.outcome) == ["abandoned: past its limit", "done"], "\(report)")
        return outcome
    }
}
