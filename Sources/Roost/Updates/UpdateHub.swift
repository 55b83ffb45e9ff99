/// The least time between two values that a listener is given, and the clock it goes by.
struct UpdatePace {
    let interval: Duration
    let time: any TimeSource
}

/// What a worker needs of its hub without knowing the type of its updates.
class AnyUpdateHub: @unchecked Sendable {  // proof: has no state of its own
    func close() { fatalError("abstract") }
    var hasSent: Bool { fatalError("abstract") }
}

/// Carries what a worker reports to those who listen.
///
/// Two lanes. *Newest*: one value and at most one pending hop per listener; a report replaces the value, so a flood costs
/// a store each. *Every*: a bounded queue whose values each reach exactly one receiver; a full one makes `send` wait.
///
/// The worker's end closes the hub: what waits is still delivered, then sequences end.
// proof: every `var` is only touched with `lock` held.
final class UpdateHub<Update: Sendable>: AnyUpdateHub, @unchecked Sendable {
    private final class Listener {
        let id: UInt64
        let notify: @Sendable () -> Void
        var seen: UInt64 = 0
        var isPending = false
        let pace: UpdatePace?
        var restsUntil = MonotonicTime(nanoseconds: .min)
        /// It is pending, and a timer notifies it once its rest is over; the hub's close does sooner.
        var isResting = false

        init(id: UInt64, pace: UpdatePace?, notify: @escaping @Sendable (UInt64) -> Void) {
            self.id = id
            self.pace = pace
            self.notify = { notify(id) }
        }
    }

    enum SendResult {
        case accepted
        case full
        case closed
    }

    private let lock = FutexLock()
    private let capacity: Int

    /// How many values one hop takes at most.
    var batch: Int { capacity }
    private var latest: Update?
    private var version: UInt64 = 0
    private var idleListeners = 0
    private var listeners: [Listener] = []
    private var lastID: UInt64 = 0
    /// A value that was received leaves a nil, so that nothing of it is let go under the lock.
    private var queue: [Update?] = []
    private var queueHead = 0
    private var everSent = false
    private var receivers = Waiters()
    private var roomWaiters = Waiters()
    private var isClosed = false

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    // MARK: Newest

    func report(_ update: Update) {
        // The value it replaces is let go at the end of this method, with no lock held: its end may be user code.
        var previous: Update? = update
        lock.lock()
        guard !isClosed else { return lock.unlock() }
        swap(&latest, &previous)
        version &+= 1
        guard idleListeners > 0 else { return lock.unlock() }
        var woken: [Listener] = []
        var resting: [(id: UInt64, left: Duration, time: any TimeSource)] = []
        for listener in listeners where !listener.isPending {
            listener.isPending = true
            if let time = listener.pace?.time, case let left = listener.restsUntil - time.now, left > .zero {
                listener.isResting = true
                resting.append((listener.id, left, time))
            } else {
                woken.append(listener)
            }
        }
        idleListeners = 0
        lock.unlock()
        for listener in woken { listener.notify() }
        for (id, left, time) in resting {
            // Not behind the timers of users, which may take their time.
            _ = time.scheduleBudget(after: left) { [weak self] in self?.endRest(id) }
        }
    }

    private func endRest(_ id: UInt64) {
        let notify = lock.withLock { () -> (@Sendable () -> Void)? in
            guard let listener = listeners.first(where: { $0.id == id }), listener.isResting else { return nil }
            // It rests until it takes: a close that comes now notifies as well, before what the worker ends with.
            return listener.notify
        }
        notify?()
    }

    /// Adds a listener; `notify` is called with its id (at most once until ``take(_:)``) when there is something it has not
    /// seen: at once, or with a pace once its interval has passed since the value before. What the hub closes with does not
    /// wait.
    func listen(pace: UpdatePace? = nil, _ notify: @escaping @Sendable (UInt64) -> Void) -> UInt64 {
        let (id, mustNotify) = lock.withLock {
            lastID += 1
            let listener = Listener(id: lastID, pace: pace, notify: notify)
            listener.isPending = version > 0 || isClosed
            if !listener.isPending { idleListeners += 1 }
            listeners.append(listener)
            return (lastID, listener.isPending)
        }
        if mustNotify { notify(id) }
        return id
    }

    func ignore(_ id: UInt64) {
        // What the listener captured is let go after the lock is.
        let ignored = lock.withLock { () -> Listener? in
            guard let index = listeners.firstIndex(where: { $0.id == id }) else { return nil }
            if !listeners[index].isPending { idleListeners -= 1 }
            return listeners.remove(at: index)
        }
        withExtendedLifetime(ignored) {}
    }

    /// The newest value this listener has not seen, and whether more can come. Makes it notifiable again.
    func take(_ id: UInt64) -> (update: Update?, isOver: Bool) {
        lock.withLock {
            guard let listener = listeners.first(where: { $0.id == id }) else { return (nil, true) }
            if listener.isPending {
                listener.isPending = false
                listener.isResting = false
                idleListeners += 1
            }
            guard listener.seen != version else { return (nil, isClosed) }
            listener.seen = version
            if let pace = listener.pace { listener.restsUntil = pace.time.now + pace.interval }
            return (latest, isClosed)
        }
    }

    // MARK: Every

    func trySend(_ update: Update) -> SendResult {
        lock.lock()
        guard !isClosed else {
            lock.unlock()
            return .closed
        }
        guard queue.count - queueHead < capacity else {
            lock.unlock()
            return .full
        }
        everSent = true
        queue.append(update)
        let woken = receivers.takeAll()
        lock.unlock()
        for wake in woken { wake() }
        return .accepted
    }

    /// True once a value was sent to be received.
    override var hasSent: Bool { lock.withLock { everSent } }

    /// Calls `wake` once when there may be room (or the hub closed); at once when there is now.
    func whenRoom(_ wake: @escaping Waiters.Action) -> Waiters.ID {
        let id = lock.withLock { roomWaiters.add(unless: isClosed || queue.count - queueHead < capacity, wake) }
        if id == Waiters.nobody { wake() }
        return id
    }

    func forgetRoom(_ id: Waiters.ID) {
        _ = lock.withLock { roomWaiters.remove(id) }
    }

    /// The next queued value, and whether more can come.
    func receive() -> (update: Update?, isOver: Bool) {
        lock.lock()
        guard queueHead < queue.count else {
            let isOver = isClosed
            lock.unlock()
            return (nil, isOver)
        }
        let update = queue[queueHead]
        queue[queueHead] = nil
        queueHead += 1
        if queueHead == queue.count {
            queue.removeAll(keepingCapacity: true)
            queueHead = 0
        } else if queueHead >= capacity {
            queue.removeFirst(queueHead)
            queueHead = 0
        }
        let waiting = roomWaiters.takeAll()
        lock.unlock()
        for wake in waiting { wake() }
        return (update, false)
    }

    /// Calls `wake` once when there is something to receive (or the hub closed); at once when there is now.
    func whenReceivable(_ wake: @escaping Waiters.Action) -> Waiters.ID {
        let id = lock.withLock { receivers.add(unless: isClosed || queueHead < queue.count, wake) }
        if id == Waiters.nobody { wake() }
        return id
    }

    func forgetReceiver(_ id: Waiters.ID) {
        _ = lock.withLock { receivers.remove(id) }
    }

    // MARK: End

    /// No more updates; those already here are still delivered.
    override func close() {
        let woken: [@Sendable () -> Void] = lock.withLock {
            guard !isClosed else { return [] }
            isClosed = true
            let woken = listeners.filter { !$0.isPending || $0.isResting }.map(\.notify)
            for listener in listeners {
                listener.isPending = true
                listener.isResting = false
            }
            idleListeners = 0
            return woken + receivers.takeAll() + roomWaiters.takeAll()
        }
        for wake in woken { wake() }
    }
}
