/// One step of a program's start: a name, a body, a time limit, and what takes it back.
///
/// Names are what reports, notices and the memory of crashes know a stage by; give each its own.
public struct LaunchStage: Sendable {
    /// What a stage's failure means.
    public enum Importance: String, Sendable, Hashable {
        /// It is undone and skipped, with a notice.
        case optional
        /// Somebody is asked what to do: the program cannot start without it.
        case required
    }

    /// Where a stage's body runs.
    public enum Place: String, Sendable, Hashable {
        /// On a worker: it may block, and is given up when it does not keep its limit.
        case worker
        /// On the main actor: it should be quick, for nothing is drawn meanwhile, and nothing can interrupt it.
        case mainActor = "main actor"
    }

    enum Body: Sendable {
        case worker(@Sendable (LaunchStageContext) throws -> Void)
        case mainActor(@MainActor @Sendable (LaunchMode) throws -> Void)
    }

    enum Undo: Sendable {
        case worker(@Sendable () throws -> Void)
        case mainActor(@MainActor @Sendable () throws -> Void)
    }

    let facts: LaunchStateMachine.Stage
    let body: Body
    let undo: Undo?

    /// The stage's name.
    public var name: String { facts.name }
    /// What its failure means.
    public var importance: Importance { facts.importance }
    /// Where its body runs.
    public var place: Place { facts.place }
    /// How long its body may take.
    public var limit: Duration { facts.limit }
    /// Whether it runs in safe mode, too; a required one always does.
    public var runsInSafeMode: Bool { facts.importance == .required || facts.isForSafeMode }

    private init(_ facts: LaunchStateMachine.Stage, _ body: Body, _ undo: Undo?) {
        self.facts = facts
        self.body = body
        self.undo = undo
    }

    /// A stage the program can do without: when its body throws or takes longer than `limit`, it is undone and skipped, with
    /// a notice.
    ///
    /// The body runs on a worker and may block. At its limit it is asked to stop; half a second later it is abandoned, and
    /// what it does from then on changes nothing for the start.
    ///
    /// - Parameters:
    ///   - name: Known to reports, notices and the memory of crashes.
    ///   - limit: How long the body may take, and again its undo.
    ///   - inSafeMode: Whether it runs in safe mode, too.
    ///   - body: What is to be done.
    ///   - undo: Takes back what the body has done, a part of it included; runs on a worker, and beside a body that was
    ///     abandoned.
    public static func optional(
        _ name: String, within limit: Duration, inSafeMode: Bool = false,
        _ body: @escaping @Sendable (LaunchStageContext) throws -> Void, undo: (@Sendable () throws -> Void)? = nil
    ) -> LaunchStage {
        LaunchStage(
            .init(
                name: name, importance: .optional, place: .worker, limit: limit, isForSafeMode: inSafeMode,
                hasUndo: undo != nil),
            .worker(body), undo.map { .worker($0) })
    }

    /// A stage the program cannot do without: when its body throws or takes longer than `limit`, it is undone, and somebody is
    /// asked whether to try again, to start in safe mode, or to quit.
    ///
    /// The rest is as for ``optional(_:within:inSafeMode:_:undo:)``. In safe mode it runs, too.
    public static func required(
        _ name: String, within limit: Duration, _ body: @escaping @Sendable (LaunchStageContext) throws -> Void,
        undo: (@Sendable () throws -> Void)? = nil
    ) -> LaunchStage {
        LaunchStage(
            .init(
                name: name, importance: .required, place: .worker, limit: limit, isForSafeMode: true,
                hasUndo: undo != nil),
            .worker(body), undo.map { .worker($0) })
    }

    /// A stage whose body and undo run on the main actor: opening the main window, for example.
    ///
    /// It cannot be interrupted: a body that takes longer than `limit` (default: 1 s) is not given up, but the report says
    /// that it was late. The body is told in which mode the program starts.
    public static func onMain(
        _ name: String, _ importance: Importance = .required, within limit: Duration = .seconds(1),
        inSafeMode: Bool = false, _ body: @escaping @MainActor @Sendable (LaunchMode) throws -> Void,
        undo: (@MainActor @Sendable () throws -> Void)? = nil
    ) -> LaunchStage {
        LaunchStage(
            .init(
                name: name, importance: importance, place: .mainActor, limit: limit, isForSafeMode: inSafeMode,
                hasUndo: undo != nil),
            .mainActor(body), undo.map { .mainActor($0) })
    }

    /// The same for a body to which the mode makes no difference.
    public static func onMain(
        _ name: String, _ importance: Importance = .required, within limit: Duration = .seconds(1),
        inSafeMode: Bool = false, _ body: @escaping @MainActor @Sendable () throws -> Void,
        undo: (@MainActor @Sendable () throws -> Void)? = nil
    ) -> LaunchStage {
        onMain(name, importance, within: limit, inSafeMode: inSafeMode, { _ in try body() }, undo: undo)
    }
}
