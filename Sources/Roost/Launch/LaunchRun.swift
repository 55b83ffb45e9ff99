import CRoostLedger

/// One start under way: asks its machine what to do, does it on the main actor or on a worker, and tells the machine.
@MainActor
final class LaunchRun {
    private let stages: [LaunchStage]
    private let presenter: any LaunchPresenter
    private let notes: LaunchNotes?
    private let shutdown: Shutdown
    private let time: any TimeSource
    private let scope: WorkerScope
    private let stop = OneShot<StopReason>()
    private var machine: LaunchStateMachine
    /// Those of the stages that have begun, by their index.
    private var undos: [Int: LaunchUndo] = [:]

    init(
        _ launch: Launch, presenter: any LaunchPresenter, journal: (any LaunchJournal)?, history: LaunchHistory,
        mode: LaunchMode, shutdown: Shutdown, time: any TimeSource
    ) {
        stages = launch.stages
        self.presenter = presenter
        self.shutdown = shutdown
        self.time = time
        notes = journal.map { LaunchNotes($0, time: time, root: shutdown.root) }
        // A pool of its own: what a stage starts for later must not keep the next stage waiting. Stopped with the process, a
        // stage has the process's budget and none of its scope's.
        let pool = WorkerPool(name: "launch", configuration: .init(maximumThreads: 1, idleTimeout: .seconds(1)))
        scope = WorkerScope(
            "start of \(launch.program)", pool: pool, closesWithin: .seconds(600), time: time, root: shutdown.root)
        machine = LaunchStateMachine(
            program: launch.program, stages: launch.stages.map(\.facts), history: history, mode: mode)
    }

    func run() async -> LaunchReport {
        let stop = stop
        let registration = shutdown.token.onStop { stop.resolve($0) }
        defer { registration.remove() }
        var actions = machine.begin(now: time.now)
        while !actions.isEmpty {
            // What comes next of a start is not for the middle of a shutdown. Once the start is over, that changes nothing any more.
            let ending = isStopping ? stopped() : []
            if !ending.isEmpty { actions = ending }
            // One that is answered is the last of its list.
            let answer = await perform(actions.removeFirst())
            actions += answer
        }
        return machine.report
    }

    private func perform(_ action: LaunchStateMachine.Action) async -> [LaunchStateMachine.Action] {
        switch action {
        case .show(let progress): presenter.show(progress)
        case .notice(let text): presenter.notice(text)
        case .closeSplash: presenter.closeSplash()
        case .run(let index): return await run(index)
        case .undo(let index): return await undo(index)
        case .ask(let question): return await ask(question)
        case .end: return await end()
        }
        return []
    }

    /// What is awaited; nil when the process is asked to end first.
    private func unlessStopped<Value: Sendable>(_ awaited: OneShot<Value>) async -> Value? {
        let first = OneShot<Value?>()
        stop.whenResolved { _ in first.resolve(nil) }
        awaited.whenResolved { first.resolve($0) }
        return await first.value
    }

    /// Whether the process was asked to end. The callback of its token may come late, behind those of others that take their time; by
    /// then a worker has met its stop already, or the pool has refused one.
    private var isStopping: Bool { shutdown.phase != .running || shutdown.token.isStopped }

    private func stopped() -> [LaunchStateMachine.Action] {
        let reason = shutdown.token.reason ?? shutdown.facts.machine.cause?.stopReason
        return machine.stopped(reason.map { "\($0)" } ?? "the process ends", now: time.now)
    }

    // MARK: Stages

    private func run(_ index: Int) async -> [LaunchStateMachine.Action] {
        let stage = stages[index]
        let row = Self.enterLedger(stage.name)
        defer { roost_ledger_leave_stage(row) }
        let notices = await note { $0.enter(stage.name) }
        // Between two stages the main loop has its turn, also when both run on it.
        await Task.yield()
        guard !isStopping else { return leave(index, stopped()) }
        if let undo = stage.undo {
            undos[index]?.forget()
            undos[index] = LaunchUndo(stage, undo, shutdown: shutdown)
        }
        machine.stageBegan(now: time.now)
        let result: LaunchStateMachine.StageResult
        switch stage.body {
        case .mainActor(let body):
            do {
                try body(machine.mode)
                result = .done
            } catch {
                result = .failed("\(error)")
            }
        case .worker(let body):
            guard let ending = await runOnWorker(index, body) else { return leave(index, notices + stopped()) }
            result = Self.result(ending, limit: stage.limit)
        }
        // It may have ended for that reason alone.
        guard !isStopping else { return leave(index, notices + stopped()) }
        return leave(index, notices + machine.stageEnded(result, now: time.now))
    }

    private func leave(
        _ index: Int, _ actions: [LaunchStateMachine.Action]
    ) -> [LaunchStateMachine.Action] {
        let (name, outcome) = (stages[index].name, machine.report.stages[index].outcome)
        notes?.write { $0.leave(name, outcome) }
        return actions
    }

    private func runOnWorker(
        _ index: Int, _ body: @escaping @Sendable (LaunchStageContext) throws -> Void
    ) async -> WorkerEnding? {
        let stage = stages[index]
        let mode = machine.mode
        let handle = scope.start(stage.name) { worker in
            try body(LaunchStageContext(mode: mode, worker: worker))
        }
        let listening = handle.onUpdate { [weak self] update in
            self?.showPart(update.fraction, of: index)
        }
        defer { listening.cancel() }
        return await ending(of: handle, within: stage.limit)
    }

    /// The ending of a worker that is asked to stop at its limit and abandoned soon after; nil when the process is asked to end
    /// first. The timers need no main actor: one that hangs keeps no stage alive.
    private func ending(
        of handle: WorkerHandle<Void, WorkerProgress>, within limit: Duration
    ) async -> WorkerEnding? {
        let worker = handle.worker
        let ended = OneShot<WorkerEnding>()
        worker.whenEnded { [worker] ending in
            worker.markObserved()
            ended.resolve(ending)
        }
        let asks = time.scheduleBudget(after: limit) { handle.stop(.deadline) }
        let abandons = time.scheduleBudget(after: limit + Launch.grace) { worker.abandon(.deadline) }
        defer {
            asks.cancel()
            abandons.cancel()
        }
        return await unlessStopped(ended)
    }

    private static func result(_ ending: WorkerEnding, limit: Duration) -> LaunchStateMachine.StageResult {
        switch ending {
        case .finished: .done
        case .failed(let error), .crashed(let error): .failed("\(error)")
        case .stopped(.deadline), .timedOut: .failed("it took longer than \(limit.short)")
        case .stopped(let reason): .failed("it was stopped: \(reason)")
        case .abandoned(let late):
            .failed("it took longer than \(limit.short), did not stop when it was asked and \(whereabouts(of: late))")
        }
    }

    /// What can be said about a body that goes on although nobody waits for it.
    private static func whereabouts(of late: Straggler) -> String {
        let place = late.lastCheckpoint.map { "its last checkpoint was \($0)" } ?? "it never passed a checkpoint"
        return "still runs\(late.thread.map { " on thread '\($0)'" } ?? ""); \(place)"
    }

    private static func enterLedger(_ name: String) -> Int32 {
        var name = name
        return name.withUTF8 { name in
            let none: StaticString = ""
            return roost_ledger_enter_stage(name.baseAddress ?? none.utf8Start, name.count)
        }
    }

    // MARK: Undoing

    private func undo(_ index: Int) async -> [LaunchStateMachine.Action] {
        // Another one takes its place when the stage runs again.
        guard let undo = undos.removeValue(forKey: index) else { return machine.undone(failure: nil, now: time.now) }
        let failure: String?
        switch undo.undo {
        case .mainActor(let body):
            await Task.yield()
            // Else its finalizer was faster.
            guard undo.take() else { return stopped() }
            failure = Self.failure { try body() }
        case .worker(let body):
            let handle = scope.start("undo of '\(stages[index].name)'") { _ in
                if undo.take() { try body() }
            }
            guard let ending = await ending(of: handle, within: stages[index].limit), !isStopping else {
                // Not forgotten: the finalizer undoes it, unless the worker has begun to.
                return stopped()
            }
            failure =
                switch Self.result(ending, limit: stages[index].limit) {
                case .done: nil
                case .failed(let reason): reason
                }
        }
        // One that never began is still to be done when the process ends.
        if undo.isTaken { undo.forget() } else { undos[index] = undo }
        return machine.undone(failure: failure, now: time.now)
    }

    private static func failure(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    // MARK: Asking, showing, writing down

    private func ask(_ question: LaunchQuestion) async -> [LaunchStateMachine.Action] {
        let answer = OneShot<LaunchAnswer>()
        let asking = Task { [presenter] in
            let given = await presenter.ask(question)
            answer.resolve(question.answers.contains(given) ? given : .quit)
        }
        // Somebody may press a button at the very moment of a signal.
        guard let answer = await unlessStopped(answer), !isStopping else {
            asking.cancel()
            return stopped()
        }
        return machine.answered(answer, now: time.now)
    }

    private func showPart(_ part: Double, of index: Int) {
        guard let progress = machine.partDone(part, of: index) else { return }
        presenter.show(progress)
    }

    /// Waits until the journal has it, within reason; what there is to say when it takes too long.
    private func note(_ note: @escaping @Sendable (any LaunchJournal) -> Void) async -> [LaunchStateMachine.Action] {
        guard let notes, await !notes.writeAndWait(unlessStopped: stop, note) else { return [] }
        return machine.say(
            "The journal of the start did not answer within \(LaunchNotes.patience.short): "
                + "if this start crashes, the next one may not know")
    }

    private func end() async -> [LaunchStateMachine.Action] {
        switch machine.report.outcome {
        case .launched, .safeMode:
            let mode = machine.mode
            for undo in undos.values { undo.forget() }
            return await note { $0.launched(mode) }
        case .quit: return await note { $0.gaveUp() }
        case .stopped:
            notes?.write { $0.gaveUp() }
            return []
        }
    }
}
