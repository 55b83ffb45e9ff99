/// The two threads of ``SystemTime``, lent to bodies that the system gives no thread of their own.
struct LentThreads<Body> {
    private var busy: Set<SystemTime.Keeper> = []
    private var waiting: [Body] = []

    /// Who has to run `body`: `wanted`, or the other one while that runs a body already. Nil while both do: the first of them
    /// that ends runs it, be the other one stuck for ever.
    mutating func lend(_ wanted: SystemTime.Keeper, to body: Body) -> SystemTime.Keeper? {
        for keeper in [wanted, wanted.other] where busy.insert(keeper).inserted { return keeper }
        waiting.append(body)
        return nil
    }

    /// What `keeper` has to run when a body has ended there; nil when it is its own again.
    mutating func next(for keeper: SystemTime.Keeper) -> Body? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        busy.remove(keeper)
        return nil
    }
}
