/// A start as events and answers. Does no I/O, takes no lock, gets the time passed in.
///
/// ```
///           ┌──────────────────── try again, start normally ───────────────────┐
///           ▼                                                                   │
/// begin ──▶ running ──required failed──▶ undoing ──▶ asking ──quit──▶ undoing ──▶ ended
///           │     ▲                                     ▲ └─safe mode─▶ undoing ──▶ running, from the first on
///           │     └──next─── undoing ◀──optional failed │
///           └──last one done──▶ ended                  begin, after three crashed starts
/// ```
/// A stop leads from everywhere to the end.
struct LaunchStateMachine {
    /// What is known about a stage before it runs.
    struct Stage: Hashable {
        let name: String
        let importance: LaunchStage.Importance
        let place: LaunchStage.Place
        let limit: Duration
        let isForSafeMode: Bool
        let hasUndo: Bool
    }

    enum Action: Hashable {
        case show(LaunchProgress)
        case notice(String)
        case closeSplash
        /// Answered by ``stageBegan(now:)`` and ``stageEnded(_:now:)``.
        case run(Int)
        /// Answered by ``undone(failure:now:)``.
        case undo(Int)
        /// Answered by ``answered(_:now:)``.
        case ask(LaunchQuestion)
        case end
    }

    enum StageResult: Hashable {
        case done
        case failed(String)
    }

    private enum State: Hashable {
        case idle
        /// Shown and being written down; its body was not called yet.
        case entering(Int)
        case running(Int)
        case undoing(Int, rest: [Int], then: Next)
        case asking(LaunchQuestion.Cause, stage: Int)
        case ended
    }

    /// What follows once everything is undone.
    private enum Next: Hashable {
        case run(Int)
        case ask(Int, reason: String)
        case startOverInSafeMode
        case quit
    }

    private let stages: [Stage]
    private let history: LaunchHistory
    private(set) var report: LaunchReport
    private var state = State.idle
    private var startedAt = MonotonicTime(nanoseconds: 0)
    /// What was done and may have to be undone, in order.
    private var done: [Int] = []

    init(program: String, stages: [Stage], history: LaunchHistory, mode: LaunchMode) {
        self.stages = stages
        self.history = history
        report = LaunchReport(
            program: program, mode: mode,
            stages: stages.map { .init(name: $0.name, importance: $0.importance, place: $0.place, limit: $0.limit) })
    }

    var mode: LaunchMode { report.mode }

    // MARK: Events

    mutating func begin(now: MonotonicTime) -> [Action] {
        precondition(state == .idle, "Roost: a launch begins in state \(state)")
        startedAt = now
        guard mode == .normal, history.offersSafeMode else { return run(from: 0, now) }
        return ask(.crashedStarts(history.crashedStarts), stage: 0)
    }

    /// The body of the stage that runs is called next.
    mutating func stageBegan(now: MonotonicTime) {
        guard case .entering(let index) = state else { return }
        state = .running(index)
        report.stages[index].began = now - startedAt
        report.stages[index].ended = nil
        report.stages[index].undo = nil
        report.stages[index].attempts += 1
    }

    /// A part of the stage is done; what there is to show, unless it is over.
    func partDone(_ part: Double, of index: Int) -> LaunchProgress? {
        state == .running(index) ? progress(of: index, part: part) : nil
    }

    mutating func stageEnded(_ result: StageResult, now: MonotonicTime) -> [Action] {
        // What a stage returns after a stop is ignored.
        guard case .running(let index) = state else { return [] }
        let stage = stages[index]
        report.stages[index].ended = now - startedAt
        switch (result, stage.importance) {
        case (.done, _):
            let isLate = (report.stages[index].duration ?? .zero) > stage.limit
            report.stages[index].outcome = isLate ? .late : .done
            done.append(index)
            return run(from: index + 1, now)
        case (.failed(let reason), .optional):
            return skip(index, reason) + undo([index], then: .run(index + 1), now)
        case (.failed(let reason), .required):
            report.stages[index].outcome = .failed(reason)
            return [.closeSplash] + undo([index], then: .ask(index, reason: reason), now)
        }
    }

    /// The undo that was asked for is over; `failure` is why it did not succeed.
    mutating func undone(failure: String?, now: MonotonicTime) -> [Action] {
        guard case .undoing(let index, let rest, let next) = state else { return [] }
        report.stages[index].undo = failure.map { .failed($0) } ?? .done
        let notices = failure.map { [notice("'\(stages[index].name)' could not be undone: \($0)")] } ?? []
        return notices + undo(rest, then: next, now)
    }

    mutating func answered(_ answer: LaunchAnswer, now: MonotonicTime) -> [Action] {
        guard case .asking(let cause, let index) = state else { return [] }
        switch (cause, answer) {
        case (.crashedStarts, .startNormally): return run(from: 0, now)
        case (.stageFailed, .tryAgain): return begin(index)
        case (_, .safeMode) where mode == .normal:
            return undo(done.reversed(), then: .startOverInSafeMode, now)
        case (_, .tryAgain), (_, .safeMode), (_, .startNormally), (_, .quit):
            return undo(done.reversed(), then: .quit, now)
        }
    }

    /// The process was asked to end. What is not undone yet is left to its finalizers.
    mutating func stopped(_ reason: String, now: MonotonicTime) -> [Action] {
        guard state != .ended else { return [] }
        var open = done
        switch state {
        case .entering(let index): report.stages[index].outcome = .stopped(reason)
        case .running(let index):
            report.stages[index].ended = now - startedAt
            report.stages[index].outcome = .stopped(reason)
            open.append(index)
        case .undoing(let index, let rest, _): open += [index] + rest
        case .idle, .asking, .ended: break
        }
        for index in open where stages[index].hasUndo && report.stages[index].undo == nil {
            report.stages[index].undo = .leftToShutdown
        }
        return end(.stopped, now)
    }

    // MARK: Answers

    /// Goes on with the first stage from `first` on that is to run.
    private mutating func run(from first: Int, _ now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        for index in first..<max(first, stages.count) {
            let stage = stages[index]
            if !isPartOfStart(stage) {
                // It may have run before that.
                report.stages[index].began = nil
                report.stages[index].ended = nil
                report.stages[index].outcome = .skipped("it is not part of safe mode")
            } else if stage.importance == .optional, let crashes = history.crashesThatSkip(stage.name) {
                actions += skip(index, "the last \(crashes) starts that ran it crashed in it")
            } else {
                return actions + begin(index)
            }
        }
        return actions + end(mode == .normal ? .launched : .safeMode, now)
    }

    private func isPartOfStart(_ stage: Stage) -> Bool {
        mode == .normal || stage.importance == .required || stage.isForSafeMode
    }

    private mutating func begin(_ index: Int) -> [Action] {
        state = .entering(index)
        return [.show(progress(of: index, part: 0)), .run(index)]
    }

    private func progress(of index: Int, part: Double) -> LaunchProgress {
        LaunchProgress(
            program: report.program, stage: stages[index].name, number: stages[...index].count { isPartOfStart($0) },
            count: stages.count { isPartOfStart($0) }, mode: mode, part: part)
    }

    private mutating func skip(_ index: Int, _ reason: String) -> [Action] {
        report.stages[index].outcome = .skipped(reason)
        return [notice("'\(stages[index].name)' was skipped: \(reason)")]
    }

    private mutating func notice(_ text: String) -> Action {
        let text = PrintableText.short(text, limit: 600)
        report.notices.append(text)
        return .notice(text)
    }

    /// A notice from outside: the driver has something to say as well.
    mutating func say(_ text: String) -> [Action] { [notice(text)] }

    private mutating func undo(_ stages: [Int], then next: Next, _ now: MonotonicTime) -> [Action] {
        let toUndo = stages.filter { self.stages[$0].hasUndo }
        guard let first = toUndo.first else { return go(next, now) }
        state = .undoing(first, rest: Array(toUndo.dropFirst()), then: next)
        return [.undo(first)]
    }

    private mutating func go(_ next: Next, _ now: MonotonicTime) -> [Action] {
        switch next {
        case .run(let index): return run(from: index, now)
        case .ask(let index, let reason):
            return ask(.stageFailed(stages[index].name, reason: reason), stage: index)
        case .startOverInSafeMode:
            report.mode = .safe
            done = []
            return run(from: 0, now)
        case .quit: return end(.quit, now)
        }
    }

    private mutating func ask(_ cause: LaunchQuestion.Cause, stage: Int) -> [Action] {
        state = .asking(cause, stage: stage)
        let answers: [LaunchAnswer] =
            switch cause {
            case .crashedStarts: [.safeMode, .startNormally, .quit]
            case .stageFailed: mode == .normal ? [.tryAgain, .safeMode, .quit] : [.tryAgain, .quit]
            }
        let unattended: LaunchAnswer? =
            switch cause {
            case .crashedStarts: history.unattendedAnswer
            case .stageFailed: nil
            }
        return [
            .ask(
                LaunchQuestion(
                    program: report.program, cause: cause, answers: answers, unattendedAnswer: unattended))
        ]
    }

    private mutating func end(_ outcome: LaunchReport.Outcome, _ now: MonotonicTime) -> [Action] {
        state = .ended
        report.outcome = outcome
        report.total = now - startedAt
        return [.closeSplash, .end]
    }
}
