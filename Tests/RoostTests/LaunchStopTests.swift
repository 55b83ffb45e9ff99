import Glibc
import Testing

@testable import Roost

/// The process is asked to end in the middle of a start: nothing more begins, nobody is asked, and what was done is left to
/// finalizers.
@MainActor
@Suite(.serialized) struct LaunchStopTests {
    @Test func aStopEndsTheStartAndLeavesTheUndosToFinalizers() async throws {
        try await withDeadline { @MainActor in
            let shutdown = Shutdown(root: WorkRoot())
            let (running, released) = (Gate(), Gate())
            let log = Log<String>()
            let journal = MemoryJournal()
            let presenter = ScriptedPresenter()
            let report = Task {
                await runLaunch(
                    [
                        .required("a", within: .seconds(60)) { _ in
                        } undo: {
                            log.add("undo a")
                        },
                        .onMain("b") {
                        } undo: {
                            log.add("undo b")
                        },
                        .required("c", within: .seconds(60)) { stage in
                            running.open()
                            defer { released.open() }
                            try stage.sleep(for: .seconds(1_000))
                        } undo: {
                            log.add("undo c")
                        },
                        .onMain("d") { log.add("d") },
                    ], presenter, journal: journal, shutdown: shutdown)
            }
            await running.passed()
            shutdown.root.node.stop(.signal(SIGTERM))
            let result = await report.value
            await released.passed()
            #expect(result.outcome == .stopped)
            #expect(result.stages.map(\.outcome.kind) == ["done", "done", "stopped", "not reached"])
            #expect(!presenter.isSplashOpen)
            #expect(log.all.isEmpty)
            try await eventually { journal.entries.all.suffix(2) == ["leave c stopped", "gave up"] }
            // As the shutdown runs them: the last registered first.
            let finalizers = shutdown.takeFinalizers()
            for finalizer in finalizers.reversed() { try finalizer.body() }
            #expect(log.all == ["undo c", "undo b", "undo a"])
            for finalizer in finalizers { try finalizer.body() }
            #expect(log.count == 3)
        }
    }

    @Test func aStopWhileItUndoesLeavesTheRestToFinalizers() async throws {
        try await withDeadline { @MainActor in
            let shutdown = Shutdown(root: WorkRoot())
            let (gate, isUndoing) = (Gate(), Gate())
            let log = Log<String>()
            let presenter = ScriptedPresenter(.quit)
            let report = Task {
                await runLaunch(
                    [
                        .required("a", within: .seconds(60)) { _ in
                        } undo: {
                            log.add("undo a")
                        },
                        .required("b", within: .seconds(60)) { _ in
                        } undo: {
                            log.add("undo b")
                            isUndoing.open()
                            gate.wait()
                        },
                        .onMain("c") { throw TestFailure() },
                    ], presenter, shutdown: shutdown)
            }
            await isUndoing.passed()
            shutdown.root.node.stop(.signal(SIGTERM))
            let result = await report.value
            gate.open()
            #expect(result.outcome == .stopped)
            #expect(result.stages.map(\.undo) == [.leftToShutdown, .leftToShutdown, nil])
            for finalizer in shutdown.takeFinalizers().reversed() { try finalizer.body() }
            // What had begun is not begun a second time.
            #expect(log.all == ["undo b", "undo a"])
        }
    }

    @Test func aStopTakesTheQuestionAway() async throws {
        try await withDeadline { @MainActor in
            let shutdown = Shutdown(root: WorkRoot())
            let presenter = ScriptedPresenter()
            let report = Task {
                await runLaunch(
                    [.required("a", within: .seconds(60)) { _ in throw TestFailure() }], presenter, shutdown: shutdown)
            }
            await presenter.isAsked.passed()
            shutdown.root.node.stop(.programEnded)
            let result = await report.value
            await presenter.isTakenAway.passed()
            #expect(result.outcome == .stopped)
            #expect(!presenter.isSplashOpen)
        }
    }

    // MARK: Before the launch is told

    /// A shutdown whose first callback takes its time: every flag is set long before the launch is called back.
    private func slowShutdown() -> (Shutdown, gate: Gate, isAsked: Gate) {
        let shutdown = Shutdown(root: WorkRoot())
        let (gate, isAsked) = (Gate(), Gate())
        shutdown.token.onStop { _ in
            isAsked.open()
            gate.wait()
        }
        return (shutdown, gate, isAsked)
    }

    @Test(arguments: [LaunchStage.Importance.required, .optional])
    func aStageThatMeetsTheStopFirstIsStoppedAndNotFailed(_ importance: LaunchStage.Importance) async throws {
        try await withDeadline { @MainActor in
            let (shutdown, gate, isAsked) = self.slowShutdown()
            let running = Gate()
            let log = Log<String>()
            let presenter = ScriptedPresenter()
            let body: @Sendable (LaunchStageContext) throws -> Void = { stage in
                running.open()
                // Sees the flag, like every worker that is at work: none of its own callbacks is called before the launch's.
                isAsked.wait()
                try stage.checkpoint()
            }
            let undo: @Sendable () throws -> Void = { log.add("undo a") }
            let stage =
                importance == .required
                ? LaunchStage.required("a", within: .seconds(60), body, undo: undo)
                : LaunchStage.optional("a", within: .seconds(60), body, undo: undo)
            let report = Task {
                await runLaunch([stage, .onMain("b") { log.add("b") }], presenter, shutdown: shutdown)
            }
            await running.passed()
            let stopping = inBackground { _ = shutdown.root.node.stop(.signal(SIGTERM)) }
            let result = await report.value
            #expect(result.outcome == .stopped)
            #expect(result.stages.map(\.outcome) == [.stopped("signal SIGTERM"), .notReached])
            #expect(result.stages[0].undo == .leftToShutdown)
            #expect(presenter.questions.isEmpty && !presenter.isSplashOpen)
            #expect(log.all.isEmpty)
            gate.open()
            try await stopping.value
            for finalizer in shutdown.takeFinalizers() { try finalizer.body() }
            #expect(log.all == ["undo a"])
        }
    }

    @Test func anUndoThatIsRefusedIsLeftToItsFinalizer() async throws {
        try await withDeadline { @MainActor in
            let shutdown = Shutdown(root: WorkRoot())
            let log = Log<String>()
            let presenter = ScriptedPresenter()
            let report = await runLaunch(
                [
                    .required("a", within: .seconds(60)) { _ in
                    } undo: {
                        log.add("undo a")
                    },
                    .onMain("b") {
                        // As a shutdown begins: pools refuse before anybody is asked to stop.
                        _ = shutdown.advance {
                            $0.request(
                                .lastWindow, budget: ShutdownBudget(.seconds(10), hasFinalizers: true), now: .now)
                        }
                        for pool in shutdown.root.livePools { pool.refuse(true) }
                        throw TestFailure()
                    },
                ], presenter, shutdown: shutdown)
            #expect(report.outcome == .stopped)
            #expect(report.stages.map(\.undo) == [.leftToShutdown, nil])
            #expect(presenter.questions.isEmpty)
            for finalizer in shutdown.takeFinalizers() { try finalizer.body() }
            #expect(log.all == ["undo a"])
        }
    }

    @Test func aButtonPressedAsTheShutdownBeginsUndoesNothing() async throws {
        try await withDeadline { @MainActor in
            let (shutdown, gate, isAsked) = self.slowShutdown()
            let log = Log<String>()
            let presenter = AnsweringPresenter()
            presenter.onQuestion = {
                let stopping = inBackground { _ = shutdown.root.node.stop(.signal(SIGTERM)) }
                await isAsked.passed()
                return (.quit, stopping)
            }
            let report = await runLaunch(
                [
                    .required("a", within: .seconds(60)) { _ in
                    } undo: {
                        log.add("undo a")
                    },
                    .onMain("b") { throw TestFailure() },
                ], presenter, shutdown: shutdown)
            #expect(report.outcome == .stopped)
            #expect(report.stages[0].undo == .leftToShutdown)
            #expect(log.all.isEmpty)
            gate.open()
            try await presenter.stopping?.value
            for finalizer in shutdown.takeFinalizers() { try finalizer.body() }
            #expect(log.all == ["undo a"])
        }
    }
}

/// Somebody who answers at the same moment as something else happens.
@MainActor
private final class AnsweringPresenter: LaunchPresenter {
    var onQuestion: (() async -> (LaunchAnswer, Task<Void, any Error>))?
    private(set) var stopping: Task<Void, any Error>?

    func show(_ progress: LaunchProgress) {}
    func notice(_ text: String) {}
    func closeSplash() {}
    func ask(_ question: LaunchQuestion) async -> LaunchAnswer {
        guard let (answer, task) = await onQuestion?() else { return .quit }
        stopping = task
        return answer
    }
}
