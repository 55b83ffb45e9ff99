/// Where callbacks run: a toolkit's main loop, an actor, a thread of one's own, a test.
///
/// An implementation runs jobs one at a time, in the order they were posted, never on the poster's stack, and drops none
/// while it is alive. `RoostTesting` has the conformance suite that every port passes.
public protocol DeliveryPort: AnyObject, Sendable {
    /// Runs `job` on the port, after every job posted before. Callable from any thread; never blocks.
    func post(_ job: @escaping @Sendable () -> Void)
}

extension DeliveryPort where Self == TaskPort {
    /// The main actor, and with it the main thread under every toolkit bridge of Roost.
    public static var mainActor: TaskPort { TaskPort.main }

    /// The executor of `actor`.
    public static func actor(_ actor: any Actor) -> TaskPort { TaskPort(actor: actor) }

    /// A task executor, for example a ``WorkerPool``; jobs still run one at a time.
    public static func executor(_ executor: any TaskExecutor) -> TaskPort { TaskPort(executor: executor) }
}
