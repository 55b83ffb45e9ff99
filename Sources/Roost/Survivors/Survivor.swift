/// An object that was to go with a scope, and is still there: something holds it, a closure or a cycle of references mostly.
public struct Survivor: Sendable, Hashable {
    /// What it was declared as.
    public let name: String
    /// The name of the scope that it was to go with.
    public let scope: String
    /// How long ago it was declared.
    public let age: Duration
    /// How long ago the close of its scope was over.
    public let overdue: Duration

    private static let handler = Locked<@Sendable (Survivor) -> Void> { survivor in
        // A leak is for whoever builds the program: its users could do nothing about it.
        #if DEBUG
        writeToStandardError("Roost: \(survivor)\n")
        #endif
    }

    /// Sets what is called, once for each survivor, on a thread of Roost when the time after the close has passed. It must not block.
    /// The default writes one line to standard error in debug builds, and nothing in others. Those that are still there at the
    /// end of the process are in the shutdown report as well.
    public static func handle(with handler: @escaping @Sendable (Survivor) -> Void) {
        // The one before is let go outside the lock: its captures may run code at their end.
        var handler = handler
        self.handler.withLock { swap(&$0, &handler) }
    }

    static func report(_ survivor: Survivor) {
        let handler = handler.withLock { $0 }
        handler(survivor)
    }
}

extension Survivor: CustomStringConvertible {
    public var description: String {
        "'\(PrintableText.short(name, limit: 200))' of '\(PrintableText.short(scope, limit: 200))' is still there "
            + "\(overdue.short) after the close; it was declared \(age.short) ago"
    }
}

extension WorkerScope {
    /// Declares that `object` goes with this scope: should it still be there when `grace` has passed since the close was over (delivery was
    /// cut and every worker has its ending), it is reported once, by its name and age; see ``Survivor/handle(with:)``.
    ///
    /// The object is not held. It is looked at on a thread of Roost; found there, it is let go of on the main thread, where the objects of a
    /// window belong. A close that is called off expects nothing; after the close is over the time begins at once.
    public func expectsGone(_ object: AnyObject, _ name: String, within grace: Duration = .seconds(1)) {
        core.expectGone(object, name, within: grace)
    }
}
