#if Logging
import InMemoryLogging
import Logging
import Roost
import Testing

@testable import RoostLogging

@Suite("Log lines of a start")
struct LaunchLogTests {
    @Test("stages that were skipped, late, failed or not undone are lines, and so is the start")
    @MainActor func lines() async {
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
        let memory = InMemoryLogHandler()
        let log = WorkerLog(Logger(label: "test") { _ in memory })
        log.write(report)
        await log.written()
        let lines = memory.entries
        #expect(
            lines.map { "\($0.message)" } == [
                "stage was late", "stage was skipped", "stage was not undone", "stage failed", "start ended",
            ])
        #expect(lines.map(\.level) == [.warning, .warning, .warning, .error, .warning])
        #expect(lines[1].metadata == ["stage": "odd", "reason": "no\u{FFFD}decoder"])
        #expect(lines[0].metadata["limit"] == "0 ns" && lines[0].metadata["duration"] != nil, "\(lines[0])")
        #expect(lines[4].metadata["outcome"] == "quit" && lines[4].metadata["mode"] == "normal")
    }

    @Test("a start in which all went well is one line, and no warning")
    @MainActor func clean() async {
        let report = await Launch("app", stages: [.onMain("fine") {}]).run(SilentPresenter())
        let lines = LaunchLines.lines(for: report)
        #expect(lines.map(\.message) == ["start ended"])
        #expect(lines.map(\.level) == [.info])
        #expect(lines[0].metadata["outcome"] == "launched" && lines[0].metadata["program"] == "app")
    }
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
