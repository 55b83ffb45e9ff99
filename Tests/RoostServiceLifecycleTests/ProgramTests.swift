#if ServiceLifecycle
import Foundation
import Roost
import Testing

@Suite("A program with a group of services and Roost's shutdown", .serialized)
struct ProgramTests {
    @Test("a signal that Roost handles: workers end, then the services, and the process ends by the signal")
    func oursEndsTheirs() throws {
        let outcome = try ServiceProgram.run("roost-signals", signal: SIGTERM)
        #expect(outcome.lines == ["ready", "worker ended", "server ended", "group ended"])
        #expect(outcome.wasSignalled && outcome.status == SIGTERM)
        #expect(outcome.report.isClean && outcome.report.cause == "SIGTERM")
    }

    @Test("a signal that the group handles: it begins Roost's shutdown, workers end first, the status is that of main")
    func theirsBeginsOurs() throws {
        let outcome = try ServiceProgram.run("group-signals", signal: SIGTERM)
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
        let outcome = try ServiceProgram.run("stubborn", signal: SIGTERM)
        #expect(ContinuousClock.now - begin < .seconds(30))
        #expect(!outcome.wasSignalled && outcome.status == 70)
        #expect(outcome.report.stragglers.map(\.worker) == ["main"])
        #expect(outcome.report.duration <= .milliseconds(2_500))
        let timeline = outcome.report.timeline
        #expect(timeline.bars.filter(\.isLate).map(\.name) == ["main", "workers stop"])
    }

    @Test("a worker that does not stop: the services have half of the grace, and end in it")
    func lateWorker() throws {
        let outcome = try ServiceProgram.run("late-worker", signal: SIGTERM)
        #expect(outcome.lines == ["ready", "worker ended", "server ended", "group ended"])
        #expect(!outcome.wasSignalled && outcome.status == 70)
        #expect(outcome.report.stragglers.map(\.worker) == ["late"])
    }

    @Test("a service that fails and lets its group shut down gracefully: the exit status is 1, not a success")
    func failing() throws {
        let outcome = try ServiceProgram.run("failing", signal: nil)
        #expect(outcome.lines.contains("worker ended") && outcome.lines.contains("server ended"))
        #expect(!outcome.wasSignalled && outcome.status == 1)
    }
}
#endif
