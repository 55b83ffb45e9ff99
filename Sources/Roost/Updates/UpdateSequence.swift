/// The updates of a worker as an `AsyncSequence`: newest wins, so a slow reader skips values and never falls behind.
///
/// Ends with nil when the worker has ended and its last update was seen, when delivery of its scope is cut, and when the
/// reading task is cancelled. The gate is looked at again after the hop back to the reader, so a window that closed on the
/// reader's executor is never followed by one more value. Every iterator sees the newest value for itself.
public struct UpdateSequence<Update: Sendable>: AsyncSequence, Sendable {
    public typealias Element = Update

    let hub: UpdateHub<Update>
    let gate: DeliveryGate

    public func makeAsyncIterator() -> Iterator {
        Iterator(hub: hub, gate: gate)
    }

    /// The iterator; used by one task at a time.
    public struct Iterator: AsyncIteratorProtocol {
        private let listener: SequenceListener<Update>

        init(hub: UpdateHub<Update>, gate: DeliveryGate) {
            listener = SequenceListener(hub: hub, gate: gate)
        }

        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> Update? {
            while !Task.isCancelled {
                // On the reader's executor here, also after the wait. Through the gate, so that whoever cuts elsewhere and
                // awaits `closed` knows that nothing is taken any more.
                var taken: (update: Update?, isOver: Bool) = (nil, true)
                listener.gate.pass { taken = listener.take() }
                if let update = taken.update { return update }
                if taken.isOver { return nil }
                await listener.wait()
            }
            return nil
        }

        public nonisolated(nonsending) mutating func next() async -> Update? {
            await next(isolation: #isolation)
        }
    }
}

private final class SequenceListener<Update: Sendable>: Sendable {
    let hub: UpdateHub<Update>
    let gate: DeliveryGate
    private let signal: WakeSignal
    private let id: UInt64

    init(hub: UpdateHub<Update>, gate: DeliveryGate) {
        self.hub = hub
        self.gate = gate
        let signal = WakeSignal()
        self.signal = signal
        id = hub.listen { _ in signal.wake() }
        gate.onCut(signal)
    }

    deinit {
        hub.ignore(id)
        gate.forget(signal)
    }

    func take() -> (update: Update?, isOver: Bool) { hub.take(id) }

    func wait() async { await signal.wait() }
}

/// Every value that a worker sent, in order; each goes to exactly one receiver.
///
/// While nobody receives, the buffer fills and the worker's `send` waits. Ends like ``UpdateSequence``.
public struct SentValues<Update: Sendable>: AsyncSequence, Sendable {
    public typealias Element = Update

    let hub: UpdateHub<Update>
    let gate: DeliveryGate

    public func makeAsyncIterator() -> Iterator {
        Iterator(hub: hub, gate: gate)
    }

    /// The iterator; used by one task at a time.
    public struct Iterator: AsyncIteratorProtocol {
        private let hub: UpdateHub<Update>
        private let gate: DeliveryGate
        private let signal: GateSignal

        init(hub: UpdateHub<Update>, gate: DeliveryGate) {
            self.hub = hub
            self.gate = gate
            signal = GateSignal(gate: gate)
        }

        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> Update? {
            while !Task.isCancelled {
                var received: (update: Update?, isOver: Bool) = (nil, true)
                gate.pass { received = hub.receive() }
                if let update = received.update { return update }
                if received.isOver { return nil }
                let wake = signal.signal
                let id = hub.whenReceivable { wake.wake() }
                await wake.wait()
                hub.forgetReceiver(id)
            }
            return nil
        }

        public nonisolated(nonsending) mutating func next() async -> Update? {
            await next(isolation: #isolation)
        }
    }
}

/// A wake signal that also rings when the gate is cut, for as long as it lives.
private final class GateSignal: Sendable {
    let signal = WakeSignal()
    private let gate: DeliveryGate

    init(gate: DeliveryGate) {
        self.gate = gate
        gate.onCut(signal)
    }

    deinit { gate.forget(signal) }
}
