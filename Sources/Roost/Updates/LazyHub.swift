import Synchronization

/// A hub that is made at most once, by whoever needs it first. What `AtomicLazyReference` does, without the look-up of
/// generic metadata that it costs each time: every worker asks at its end.
struct LazyHub: ~Copyable, Sendable {
    /// The address of a retained hub; 0 while there is none.
    private let address = Atomic<UInt>(0)

    init() {}

    deinit {
        let address = address.load(ordering: .acquiring)
        if address != 0 { hub(at: address).release() }
    }

    @inline(__always)
    borrowing func load() -> AnyUpdateHub? {
        let address = address.load(ordering: .acquiring)
        return address == 0 ? nil : hub(at: address).takeUnretainedValue()
    }

    /// Keeps `hub` unless there is one; returns the one that is kept.
    borrowing func storeIfNil(_ hub: AnyUpdateHub) -> AnyUpdateHub {
        // proof: released here, or by `deinit`.
        let retained = Unmanaged.passRetained(hub)
        let (isFirst, present) = address.compareExchange(
            expected: 0, desired: UInt(bitPattern: retained.toOpaque()), ordering: .acquiringAndReleasing)
        if isFirst { return hub }
        retained.release()
        return self.hub(at: present).takeUnretainedValue()
    }

    private borrowing func hub(at address: UInt) -> Unmanaged<AnyUpdateHub> {
        // proof: only addresses of hubs that `storeIfNil` retained are ever stored.
        Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: address)!)
    }
}
