import RoostTesting
import Testing

@testable import Roost

/// Every port of the package passes the conformance suite.
@Suite struct DeliveryPortTests {
    private func check(
        _ name: String, _ makeSubject: @escaping @Sendable () async throws -> DeliveryConformance.Subject
    ) async {
        let suite = DeliveryConformance(
            name, patience: .seconds(120), reports: scaled(200_000), makeSubject: makeSubject)
        for failure in await suite.run() { Issue.record(failure) }
    }

    @Test func theMainActor() async {
        await check("main actor") { .init(port: .mainActor) }
    }

    @Test func anActor() async {
        await check("actor") { .init(port: .actor(TestActor())) }
    }

    @Test func aPoolAsExecutor() async {
        await check("executor") { .init(port: .executor(makePool(3, name: "executor"))) }
    }

    @Test func aThreadOfItsOwn() async {
        await check("serial thread") {
            let thread = SerialThread("port")
            return .init(port: thread) { await thread.close() }
        }
    }

    @Test func aManualPortThatIsServed() async {
        await check("manual") {
            let port = ManualPort()
            let server = Task {
                while !Task.isCancelled {
                    await port.waitForJobs(1)
                    // Jobs of the suite may block: not on a thread of Swift Concurrency.
                    _ = try await onThread { port.drain() }
                }
            }
            return .init(port: port) { server.cancel() }
        }
    }

    // MARK: The suite itself

    /// Breaks one promise each; the suite has to see it.
    private final class BrokenPort: DeliveryPort {
        enum Flaw: CaseIterable {
            case onThePostersStack
            case losesEveryHundredth
            case lastInFirstOut
            case twoAtATime
        }

        private let flaw: Flaw
        private let pool = makePool(8, name: "broken")
        private let state = Locked<(jobs: [@Sendable () -> Void], posted: Int)>(([], 0))

        init(_ flaw: Flaw) {
            self.flaw = flaw
        }

        func post(_ job: @escaping @Sendable () -> Void) {
            let number = state.withLock { state in
                state.posted += 1
                return state.posted
            }
            switch flaw {
            case .onThePostersStack: job()
            case .losesEveryHundredth where number % 100 == 0: break
            case .losesEveryHundredth, .lastInFirstOut:
                state.withLock { $0.jobs.append(job) }
                pool.submit { self.runOne() }
            case .twoAtATime: pool.submit(job)
            }
        }

        private let turn = FutexLock()

        private func runOne() {
            turn.lock()
            defer { turn.unlock() }
            let job = state.withLock { state -> (@Sendable () -> Void)? in
                guard !state.jobs.isEmpty else { return nil }
                return flaw == .lastInFirstOut ? state.jobs.removeLast() : state.jobs.removeFirst()
            }
            job?()
        }
    }

    @Test(arguments: [
        (BrokenPort.Flaw.onThePostersStack, "never on the poster's stack"),
        (.losesEveryHundredth, "jobs run in the order they were posted"),
        (.lastInFirstOut, "jobs run in the order they were posted"),
        (.twoAtATime, "from many threads: nothing lost, one at a time, each one's in order"),
    ])
    private func aBrokenPortIsCaught(flaw: BrokenPort.Flaw, check: String) async {
        let suite = DeliveryConformance("broken", patience: .seconds(60)) { .init(port: BrokenPort(flaw)) }
        let failures = await suite.run(check: check)
        #expect(!failures.isEmpty)
        #expect(failures.allSatisfy { $0.check == check })
    }

    @Test func aPortThatNeverRunsAnythingIsAFailureAndNoHang() async {
        let port = ManualPort()
        let suite = DeliveryConformance("dead", patience: .milliseconds(50)) { .init(port: port) }
        let failures = await suite.run(check: DeliveryConformance.checks[0])
        // The check that was given up still waits for its jobs: with them it ends, and leaks nothing.
        port.drain()
        #expect(failures.map(\.message) == ["did not come to its end within 0.05 seconds"])
        #expect(await !suite.run(check: "no such check").isEmpty)
    }
}
