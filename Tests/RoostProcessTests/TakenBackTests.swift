import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// Tasks that a worker had not begun go to others, and run once.
@Suite struct TakenBackTests {
    @Test func whatWasTakenBackRunsOnceAndItsSlotIsNotGivenAwayTooSoon() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.onOutput = { _ in } }
        // Two workers whose tasks were short, the one held by a task that is long.
        for handle in (0..<400).map({ pool.start(Mark($0, log: corner.path("warm"), micros: 0)) }) {
            _ = try await handle.value
        }
        let long = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in long.updates { break }
        let workers = pool.processes
        // One of them is as slow as makes its worker take one at a time; the held one gets some ahead, has them taken back when the
        // other has nothing to do, and gets some of them again. Then it goes on.
        let handles = (0..<60).map { pool.start(Mark($0, log: corner.path("log"), micros: 2_000)) }
        while RunLogFile.numbers(in: corner.path("log")).count < 50 { try await Task.sleep(for: .microseconds(200)) }
        #expect(long.endingIfEnded == nil)
        Gate.open(corner.path("gate"))
        #expect(try await long.value == 7)
        for (number, handle) in handles.enumerated() {
            let ending = await handle.ending(within: .seconds(5))
            #expect(ending?.kind == "finished", "task \(number): \(ending?.description ?? "none")")
        }
        for handle in (0..<100).map({ pool.start(Add($0, 1)) }) { _ = try await handle.value }
        #expect(Set(workers).isSubset(of: pool.processes), "a worker was ended")
        await pool.close()
        let runs = RunLogFile.numbers(in: corner.path("log"))
        #expect(runs.sorted() == Array(0..<60), "\(runs.count) runs of \(Set(runs).count) tasks")
    }
}
