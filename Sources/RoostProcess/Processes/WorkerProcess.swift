import CRoostProcess
import Glibc
import Roost
import RoostSymbols

/// The app's side of one worker process: its shared memory, its thread that reads what it sends, and its end.
///
/// Its end takes this way: the supervisor sees that the process is over, ends what it left in its group, takes its status and what it
/// printed last, and closes the ring; the reader reads what is still in there, and only then tells the pool. What the shared memory
/// says does not count for this: the worker can write there what it likes.
final class WorkerProcess: @unchecked Sendable {  // proof: `state` is locked; `chunk` is the reader's
    let number: Int
    let pool: ProcessPoolCore
    let control: UnsafeMutablePointer<roost_control>
    let writer: FrameWriter
    let port: ArenaPort
    private let returns: ArenaReturns
    private let incoming: OpaquePointer
    /// The chunk whose results come at the moment, and how many of its elements have theirs; the reading thread's own.
    var chunk: (job: Job, delivered: Int)?
    private let controlMemory: Int32
    private let channel: Int32
    private let workerChannel: Int32

    struct State {
        var pid: Int32 = -1
        var pidfd: Int32 = -1
        var guardPlace: Int32 = -1
        var group: ControlGroup?
        var watches: [(descriptor: Int32, tag: UInt64)] = []
        var outputs: [OutputTail] = [OutputTail(), OutputTail()]
        var openOutputs: [Int32?] = [nil, nil]
        var end: WorkerEnd?
        var isReaped = false
        /// Memory before its first task, and the most since.
        var baseline = 0
        var peak = 0
        var baselineData = 0
        var measuredAt: MonotonicTime?
        var hasGreeted = false
        /// Since when it has had tasks and taken none, and how many it had served then.
        var waits: (served: Int, time: MonotonicTime)?
        /// Why it is being ended, if the pool does so.
        var verdict: Verdict?
        /// A task that was asked to stop because its time was over, and its limit.
        var politeLimit: (job: UInt64, limit: Duration)?
    }
    let state = Locked(State())
    /// The process is reaped.
    private let over = Parker()

    /// Why the pool ends a worker.
    enum Verdict: Sendable {
        /// It has nothing to do.
        case dismissed
        /// A task of it was asked to stop and did not.
        case stop(job: UInt64)
        /// A task of it overran a limit.
        case limit(job: UInt64, TaskCrash.Cause)
        /// It never said hello.
        case silent
        /// It sent something that cannot be.
        case broken(ProcessPoolError)
    }

    /// How the process ended.
    struct WorkerEnd: Sendable {
        var exit: Int32?
        var signal: Int32?
        var cpuTime: Duration
        var peak: Int
    }

    /// Throws when memory or descriptors are used up.
    init(number: Int, pool: ProcessPoolCore) throws {
        self.number = number
        self.pool = pool
        let memory = try SharedMemory.make("roost-control", size: roost_control_size())
        guard let control = roost_control_map(memory) else {
            let failure = errno
            close(memory)
            throw SystemCallError(call: "mmap", errno: failure)
        }
        roost_control_init(control, getpid(), pool.configuration.takesBacktraces ? 1 : 0)
        var ends: [Int32] = [-1, -1]
        let failure = roost_channel(&ends)
        guard failure == 0 else {
            roost_control_unmap(control)
            close(memory)
            throw SystemCallError(call: "socketpair", errno: failure)
        }
        self.control = control
        controlMemory = memory
        channel = ends[0]
        workerChannel = ends[1]
        incoming = roost_ring_from_worker(control)
        let writer = FrameWriter(ring: roost_ring_to_worker(control))
        self.writer = writer
        let returns = ArenaReturns(writer, .arena)
        self.returns = returns
        port = ArenaPort(channel: ends[0]) { news in returns.add(news) }
        port.whenLost { [weak self] in if let self { self.pool.replace(self) } }
    }

    deinit {
        close(channel)
        roost_control_unmap(control)
    }

    var pid: Int32 { state.withLock { $0.pid } }
    /// Nil before it has been started, and once it has been waited for.
    var runningPID: Int32? { state.withLock { $0.pid > 0 && !$0.isReaped ? $0.pid : nil } }
    var group: ControlGroup? { state.withLock { $0.group } }

    // MARK: Start

    /// It is not started after all.
    func discard() {
        close(controlMemory)
        close(workerChannel)
    }

    /// Starts the process and the thread that reads from it. On the supervisor's thread.
    func start(_ program: SpawnedProgram, setup: [UInt8]) throws {
        defer {
            close(controlMemory)
            close(workerChannel)
        }
        var out: [Int32] = [-1, -1]
        var err: [Int32] = [-1, -1]
        for pipe in 0..<2 {
            var ends: [Int32] = [-1, -1]
            let failure = roost_pipe(&ends, 1)
            guard failure == 0 else {
                for descriptor in out where descriptor >= 0 { close(descriptor) }
                throw SystemCallError(call: "pipe2", errno: failure)
            }
            if pipe == 0 { out = ends } else { err = ends }
        }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [null, out[1], err[1]] where descriptor >= 0 { close(descriptor) } }
        var program = program
        program.descriptors = [null, out[1], err[1], controlMemory, workerChannel]
        let process: (pid: Int32, pidfd: Int32)
        do {
            process = try program.spawn()
        } catch {
            close(out[0])
            close(err[0])
            throw error
        }
        let place = Guardian.shared.add(process.pid)
        // Before it can have started anything. Without a group it is ended by its process group and its mark.
        let group = try? pool.groups?.make(number, pool)
        try? group?.add(process.pid)
        state.withLock { state in
            (state.pid, state.pidfd, state.guardPlace) = (process.pid, process.pidfd, place)
            state.group = group
            state.openOutputs = [out[0], err[0]]
        }
        _ = writer.write(.setup, setup)
        // Values may lie in each other as deeply as a decoder allows.
        let reader = PlatformThread.start(name: "roost-worker", options: .init(stackSize: 4 << 20)) { self.read() }
        if let reader {
            kill(-process.pid, SIGKILL)
            var end = roost_process_end()
            while roost_reap(process.pidfd, &end) == -1 { usleep(200) }
            Guardian.shared.remove(place)
            for descriptor in [process.pidfd, out[0], err[0]] { close(descriptor) }
            throw SystemCallError(call: "pthread_create", errno: reader)
        }
        do {
            for (index, descriptor) in [out[0], err[0]].enumerated() {
                try watch(descriptor) { [self] events in drain(index, isOver: events & 1 == 0) }
            }
            try watch(process.pidfd) { [self] _ in processIsOver() }
        } catch {
            // Nobody would learn of its end: it ends here.
            signal(SIGKILL)
            while !processIsOver() { usleep(200) }
            throw error
        }
    }

    private func watch(_ descriptor: Int32, _ action: @escaping @Sendable (UInt32) -> Void) throws {
        let tag = try Supervisor.shared.watch(descriptor, action)
        state.withLock { $0.watches.append((descriptor, tag)) }
    }

    // MARK: Reading

    /// The thread of this worker: everything it sends, in order, until it is gone.
    private func read() {
        var patience = roost_patience.forRings
        while true {
            guard roost_ring_wait_for_frame(incoming, &patience, -1) == 0 else {
                if isOver { break }
                endNow("its ring was closed")
                continue
            }
            var failure: Int32 = 0
            var header = roost_frame()
            while let start = roost_ring_peek(incoming, &header, &failure) {
                let bytes = UnsafeRawBufferPointer(start: start, count: Int(header.size))
                if header.kind == FrameKind.results.rawValue {
                    receiveRun(header, bytes)
                } else {
                    pool.received(header, bytes, from: self)
                }
                roost_ring_consume(incoming, header.size)
                returns.flush()
            }
            if failure != 0 {
                // Nothing after it can be read.
                endNow("its size or place")
                break
            }
        }
        port.close()
        pool.isGone(self)
    }

    /// The process is reaped: what is in the ring now is all there will be.
    private var isOver: Bool { state.withLock { $0.isReaped } }

    /// What it sent cannot be: ends it, and waits until it is over.
    private func endNow(_ what: String) {
        pool.end(self, .broken(.broken(what)))
        while !isOver { over.park() }
    }

    /// Has the reader look at a run that is not whole yet; it is not woken for one that is begun.
    func lookAtRun() { roost_ring_wake_reader(incoming) }

    /// Waits until the run is whole, or the process is over: what is in it counts either way.
    private func receiveRun(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer) {
        let size = MemoryLayout<roost_run>.size
        guard let start = bytes.baseAddress, bytes.count >= size else {
            return pool.end(self, .broken(.broken("a run of \(bytes.count) bytes")))
        }
        let run = roost_run_at(UnsafeMutableRawPointer(mutating: start))
        var part = RunPart(header, UnsafeRawBufferPointer(rebasing: bytes[size...]))
        while true {
            let state = roost_ring_wait_for_run(incoming, run)
            let done = max(0, Int(roost_run_done(run)) - part.taken)
            if state == UInt32(ROOST_RUN_LATE) {
                // It takes long: what is done is given out, so that no slow one holds it up. The last one comes with the end of the run.
                let some = min(done, Int(part.header.extra) - 1)
                if some > 0 { part.take(some, bytes: pool.received(some: part, some, from: self)) }
            } else if state == UInt32(ROOST_RUN_OPEN), !isOver {
                endNow("its ring was closed")
            } else {
                return pool.received(run: part, done: done, state: state, from: self)
            }
        }
    }

    // MARK: Output

    private func drain(_ index: Int, isOver: Bool) {
        guard let descriptor = state.withLock({ $0.openOutputs[index] }) else { return }
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var lines: [String] = []
        // Bounded: a worker that prints without end must not keep this thread from the others.
        var isAtEnd = false
        for _ in 0..<16 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                lines += state.withLock { $0.outputs[index].add(buffer[..<count]) }
                if count < buffer.count { break }
            } else {
                isAtEnd = count == 0 || errno != EAGAIN && errno != EINTR
                break
            }
        }
        if isAtEnd || isOver { closeOutput(index) }
        say(lines, index)
    }

    private func closeOutput(_ index: Int) {
        let (descriptor, tag, line) = state.withLock { state -> (Int32?, UInt64?, String?) in
            let descriptor = state.openOutputs[index]
            state.openOutputs[index] = nil
            let watch = state.watches.firstIndex { $0.descriptor == descriptor }
            return (descriptor, watch.map { state.watches.remove(at: $0).tag }, state.outputs[index].end())
        }
        if let descriptor {
            if let tag { Supervisor.shared.unwatch(descriptor, tag) }
            close(descriptor)
        }
        if let line { say([line], index) }
    }

    private func say(_ lines: [String], _ index: Int) {
        guard !lines.isEmpty else { return }
        let stream: WorkerOutput.Stream = index == 0 ? .standardOutput : .standardError
        let process = pid
        pool.output.add(
            lines.map { WorkerOutput(pool: pool.name, process: process, stream: stream, line: $0) })
    }

    /// What it printed last, on both streams: what came on standard error last.
    var printed: String {
        state.withLock { state in
            let parts = [state.outputs[0].text, state.outputs[1].text].filter { !$0.isEmpty }
            return parts.joined(separator: "\n")
        }
    }
    /// The last of its standard error, and whether more stood before it.
    var printedErrors: (bytes: [UInt8], isCut: Bool) {
        state.withLock {
            (Array($0.outputs[1].tail.suffix(OutputTail.kept)), $0.outputs[1].tail.count > OutputTail.kept)
        }
    }

    /// What a handler in the process wrote down as it crashed; nil for nothing.
    var stacks: RawStacks? {
        let stacks = RawStacks(roost_control_stacks(control))
        return stacks.threads.isEmpty ? nil : stacks
    }

    // MARK: End

    /// SIGKILL or SIGTERM to the process and all in its group.
    func signal(_ signal: Int32) {
        state.withLock { state in
            // Not reaped: nobody else can have its number.
            guard state.pid > 0, !state.isReaped else { return }
            kill(-state.pid, signal)
            // Itself, too, if it has gone to another group.
            if signal == SIGKILL || getpgid(state.pid) != state.pid { kill(state.pid, signal) }
        }
    }

    /// On the supervisor's thread. False while it lives.
    @discardableResult
    private func processIsOver() -> Bool {
        // What it started and left behind goes with it. Before it is reaped: until then its group is its own.
        signal(SIGKILL)
        group?.kill()
        for index in 0..<2 where state.withLock({ $0.openOutputs[index] != nil }) {
            drain(index, isOver: false)
            closeOutput(index)
        }
        var end = roost_process_end()
        let (pidfd, place) = state.withLock { ($0.pidfd, $0.guardPlace) }
        let outcome = roost_reap(pidfd, &end)
        guard outcome != -1 else { return false }
        Guardian.shared.remove(place)
        let watches = state.withLock { state in
            state.isReaped = true
            // Reaped by somebody else (a handler of SIGCHLD that waits for all): how it ended cannot be known.
            let isKnown = outcome == 0
            state.end = WorkerEnd(
                exit: isKnown && end.code == Int32(CLD_EXITED) ? end.status : nil,
                signal: isKnown && end.code != Int32(CLD_EXITED) ? end.status : nil,
                cpuTime: .nanoseconds(end.cpu_ns), peak: Int(end.peak_bytes))
            defer { state.watches = [] }
            return state.watches
        }
        for watch in watches { Supervisor.shared.unwatch(watch.descriptor, watch.tag) }
        close(pidfd)
        over.unpark()
        roost_ring_close(incoming)
        roost_ring_close(roost_ring_to_worker(control))
        return true
    }
}

/// What of a run has not been given out: its header and outputs as if it began there.
struct RunPart {
    var header: roost_frame
    var outputs: UnsafeRawBufferPointer
    /// How many elements were before it.
    var taken = 0

    init(_ header: roost_frame, _ outputs: UnsafeRawBufferPointer) {
        self.header = header
        self.outputs = outputs
    }

    /// So many elements, in so many bytes, were given out.
    mutating func take(_ count: Int, bytes: Int) {
        taken += count
        header.element &+= UInt32(truncatingIfNeeded: count)
        header.extra &-= UInt32(truncatingIfNeeded: count)
        outputs = UnsafeRawBufferPointer(rebasing: outputs.dropFirst(max(0, bytes)))
    }
}
