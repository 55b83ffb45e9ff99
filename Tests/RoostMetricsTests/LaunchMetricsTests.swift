#if Metrics
import MetricsTestKit
import Roost
import RoostMetrics
import Testing

@Suite("Metrics of a start")
struct LaunchMetricsTests {
    @Test("a start is counted by its outcome and timed, and its stages are counted by theirs")
    @MainActor func counts() async throws {
        let launch = Launch(
            "app",
            stages: [
                .onMain("fine") {},
                .onMain("late", within: .zero) {},
                .optional("odd", within: .seconds(60)) { _ in
                    throw Broken()
                } undo: {
                    throw Broken()
                },
                .onMain("needed") { throw Broken() },
                .onMain("never") {},
            ])
        let report = await launch.run(SilentPresenter())
        let backend = TestMetrics()
        let metrics = WorkerMetrics(factory: backend, every: .seconds(3_600))
        metrics.count(report)
        await metrics.flush()
        func stages(_ outcome: String) throws -> Int64 {
            try backend.expectCounter("roost_launch_stages", [("outcome", outcome)]).totalValue
        }
        #expect(try backend.expectCounter("roost_launches", [("outcome", "quit")]).totalValue == 1)
        #expect(try backend.expectTimer("roost_launch_duration").values == [report.total.nanoseconds])
        for outcome in ["done", "late", "skipped", "failed"] { #expect(try stages(outcome) == 1, "\(outcome)") }
        #expect(throws: (any Error).self) { try stages("not reached") }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}

/// A start that nobody looks at; who is asked quits.
@MainActor
private final class SilentPresenter: LaunchPresenter {
    func show(_ progress: LaunchProgress) {}
    func notice(_ text: String) {}
    func ask(_ question: LaunchQuestion) async -> LaunchAnswer { .quit }
    func closeSplash() {}
}

private struct Broken: Error, CustomStringConvertible { let description = "no\ndecoder" }
#endif
