import CRoostProcess
import Glibc
import Roost

/// A worker process at work: takes tasks from the app, runs them on the main thread, and gives back what they give.
///
/// It ends when the app says so, or is gone.
final class WorkerServer: @unchecked Sendable {  // proof: what is not a constant is the main thread's own
    private let control: UnsafeMutablePointer<roost_control>
    private let incoming: OpaquePointer
    private let writer: FrameWriter
    private let port: ArenaPort
    private let role: roost_role
    private var patience = roost_patience.forRings
    private var types: [Int: ServedTask] = [:]
    private let encoder = CompactEncoder()
    /// How many bytes an output has, about.
    private var meanOutput = 48
    private let returns: ArenaReturns

    /// Becomes a worker, and never returns.
    static func serve(_ role: roost_role) -> Never {
        guard let control = roost_control_map(role.control), control.pointee.magic == UInt32(ROOST_CONTROL_MAGIC)
        else {
            writeToStandardError("roost: a worker could not map the memory it shares with the app: errno \(errno)\n")
            roost_leave(70)
        }
        control.pointee.has_entered = 1
        close(role.control)
        // A line at a time: what is printed before a crash is not lost.
        roost_print_lines()
        roost_role_show_displays()
        roost_name_process("roost-worker")
        roost_crash_watch(control)
        roost_watch_forks()
        WorkerServer(role, control).run()
    }

    private init(_ role: roost_role, _ control: UnsafeMutablePointer<roost_control>) {
        self.role = role
        self.control = control
        incoming = roost_ring_to_worker(control)
        let writer = FrameWriter(ring: roost_ring_from_worker(control))
        self.writer = writer
        let returns = ArenaReturns(writer, .workerArena)
        self.returns = returns
        port = ArenaPort(channel: role.channel) { news in returns.add(news) }
    }

    private func run() -> Never {
        let (channel, app) = (role.channel, role.parent)
        // The kernel ends this process with the app's thread; this is for what the kernel does not see, and for its own children.
        let failure = PlatformThread.start(name: "roost-lifeline", options: .init(stackSize: 128 * 1024)) {
            // Closed by a task that closes what is not its own: that is no end of the app's, which is known by its number, too.
            if roost_wait_for_hangup(channel, -1) != 0 {
                while getppid() == app { usleep(20_000) }
            }
            kill(0, SIGKILL)
            roost_leave(70)
        }
        var setupFailure = failure.map { "its lifeline could not be started: errno \($0)" }
        var hasGreeted = false
        while true {
            guard roost_ring_wait_for_frame(incoming, &patience, -1) == 0 else { roost_leave(0) }
            var failure: Int32 = 0
            var header = roost_frame()
            while let start = roost_ring_peek(incoming, &header, &failure) {
                let bytes = UnsafeRawBufferPointer(start: start, count: Int(header.size))
                if header.kind == FrameKind.setup.rawValue { setupFailure = setupFailure ?? setUp(bytes) }
                if !hasGreeted, header.kind == FrameKind.setup.rawValue {
                    hasGreeted = true
                    greet(setupFailure)
                    roost_ring_consume(incoming, header.size)
                    continue
                }
                handle(header, bytes)
            }
            if failure != 0 {
                writeToStandardError("roost: a worker got a frame that cannot be\n")
                roost_leave(70)
            }
        }
    }

    // MARK: The beginning

    /// Why the setup failed; nil when it did not, or there is none.
    private func setUp(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard !bytes.isEmpty else { return nil }
        guard let border = bytes.firstIndex(of: 0) else { return "its frame has no name" }
        let name = String(decoding: bytes[..<border], as: UTF8.self)
        guard let type = TypeDoor.type(named: name) as? any WorkerSetup.Type else {
            return "this executable does not have the setup type '\(name)'"
        }
        do {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[(border + 1)...])
            try TaskCoding.decodePlainly(type, from: rest).prepare()
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func greet(_ setupFailure: String?) {
        let hello = Hello(
            wire: wireVersion, executable: ExecutableIdentity.path, build: ExecutableIdentity.build,
            setupFailure: setupFailure?.cut(utf8: Self.longestText))
        _ = writer.write(.hello, (try? TaskCoding.encodePlainly(hello)) ?? [], wait: .forEver)
    }

    // MARK: Frames

    private func handle(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer) {
        switch FrameKind(rawValue: header.kind) {
        case .define:
            define(header, bytes)
            roost_ring_consume(incoming, header.size)
        case .task: serve(header, bytes)
        case .arena:
            port.hear(ArenaNews(number: header.number, extra: header.extra))
            roost_ring_consume(incoming, header.size)
        case .leave: roost_leave(0)
        default: roost_ring_consume(incoming, header.size)
        }
    }

    /// `number` is the contract, `extra` the type's number.
    private func define(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer) {
        let name = String(decoding: bytes, as: UTF8.self)
        var answer = TypeAnswer(
            verdict: .unknown, detail: "", executable: ExecutableIdentity.path, build: ExecutableIdentity.build)
        if let type = TypeDoor.type(named: name) {
            if let task = type as? any IsolatedTask.Type {
                if ServedTask.contract(of: task) == header.number {
                    types[Int(header.extra)] = ServedTask.make(task)
                    answer.verdict = .known
                } else {
                    answer.verdict = .different
                    answer.detail = "its output or update is another type there"
                }
            } else {
                answer.verdict = .different
                answer.detail = "'\(String(reflecting: type).cut(utf8: Self.longestText))' is no IsolatedTask there"
            }
        }
        guard header.element == 1 else { return }
        _ = writer.write(
            .answer, extra: Int(header.extra), (try? TaskCoding.encodePlainly(answer)) ?? [], wait: .forEver)
    }

    // MARK: Tasks

    private func serve(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer) {
        let index = Int(header.slot)
        let slot = roost_control_slot(control, Int32(index))
        guard roost_slot_take(slot) != 0 else {
            roost_ring_consume(incoming, header.size)
            _ = writer.write(.skipped, slot: index, number: header.number, wait: .forEver)
            return
        }
        let flags = FrameFlags(rawValue: header.flags)
        let count = max(1, Int(header.element))
        let opened: any OpenedTasks
        do {
            guard let type = types[Int(header.extra & 0xFFFF)] else {
                throw ProcessPoolError.broken("a type nobody defined")
            }
            opened = try type.open(bytes, flags, count, port)
            roost_ring_consume(incoming, header.size)
        } catch {
            roost_ring_consume(incoming, header.size)
            let isLimit = (error as? ProcessPoolError)?.code == .systemLimit
            return fail(index, 0, header.number, isLimit ? .systemLimit : .inputNotDecodable, error, flags: .last)
        }
        let run = TaskRun(
            control: control, index: index, number: header.number, opened: opened, attempt: Int(header.extra >> 16),
            writer: count == 1 ? writer : nil)
        defer { returns.flush() }
        let files = roost_slot_files(slot)
        let most = files > 0 ? roost_most_files() : 0
        if files > 0 { _ = roost_limit_process(getpid(), roost_limit_files(), UInt64(files - 1), 0) }
        defer { if files > 0 { _ = roost_limit_process(getpid(), roost_limit_files(), most, 0) } }
        if count == 1 { return finish(0, isLast: true, run, opened) }
        var element = 0
        while element < count { element = serve(from: element, to: count, run, opened) }
    }

    /// How long the app may take to make room for the memory that belongs to an output.
    private static let patienceForRoom = Duration.seconds(10)

    // MARK: One task

    private func finish(_ element: Int, isLast: Bool, _ run: TaskRun, _ opened: any OpenedTasks) {
        begin(element, run)
        do {
            let payload = try output(element, run, opened)
            if isLast { run.end() }
            try send(payload, element, isLast: isLast, run)
        } catch {
            if isLast { run.end() }
            fail(element, error, isLast: isLast, run)
        }
    }

    private func begin(_ element: Int, _ run: TaskRun) {
        roost_control_forget(control)
        roost_slot_set_element(run.slot, UInt32(element))
    }

    private func output(_ element: Int, _ run: TaskRun, _ opened: any OpenedTasks) throws -> Payload {
        // What was asked to stop begins with none of its tasks.
        if roost_slot_flags(run.slot) != 0 { try run.honourFlags() }
        let payload = try opened.run(element, run, with: encoder)
        if let limit = run.outputLimit, payload.size > limit { throw SizeError(size: payload.size, limit: limit) }
        return payload
    }

    private func send(_ payload: Payload, _ element: Int, isLast: Bool, _ run: TaskRun) throws {
        do { try port.lend(payload, patience: Self.patienceForRoom) } catch let error as SystemCallError
            where error.errno == EBADF
        { throw error } catch {
            throw ProcessPoolError(.systemLimit, "the bytes of its output could not be sent", underlying: error)
        }
        _ = writer.write(
            .result, flags: isLast ? payload.flags.union(.last) : payload.flags, slot: run.index, element: element,
            number: run.number, payload.bytes, wait: .forEver)
    }

    private func fail(_ element: Int, _ error: any Error, isLast: Bool, _ run: TaskRun) {
        let cause = (error as? OutputError)?.underlying ?? error
        let kind: RemoteFailure.Kind =
            switch error {
            case _ where (cause as? ProcessPoolError)?.code == .systemLimit: .systemLimit
            case is OutputError: .outputNotEncodable
            case is SizeError: .outputTooLarge
            case is StopError: .stopped
            default: .thrown
            }
        fail(run.index, element, run.number, kind, cause, flags: isLast ? .last : [])
    }

    // MARK: A chunk

    /// Runs as many as their outputs have room in one frame, or up to one that throws; returns the next one. The app reads what is done
    /// when the run is closed, or when this process has died. Nothing else is written to the ring while it is open: the app does
    /// not get past it.
    private func serve(from first: Int, to count: Int, _ run: TaskRun, _ opened: any OpenedTasks) -> Int {
        if let stride = opened.rawStride, run.outputLimit.map({ $0 >= stride }) ?? true {
            let room = min(count - first, (Int(ROOST_FRAME_LIMIT) - Self.runHeader) / stride)
            let (outputs, progress) = openRun(from: first, room, bytes: room * stride, .raw, run)
            let (done, failure) = opened.run(first..<first + room, run, into: outputs, progress)
            return closeRun(first + done, failure, of: count, progress, run)
        }
        return serveEncoded(from: first, to: count, run, opened)
    }

    private func serveEncoded(from first: Int, to count: Int, _ run: TaskRun, _ opened: any OpenedTasks) -> Int {
        // As long as the ones before were, and a half more.
        let guess = (meanOutput * 3 / 2 + 16) * (count - first)
        let size = min(max(guess, 1_024), Int(ROOST_FRAME_LIMIT) - Self.runHeader)
        let (outputs, progress) = openRun(from: first, count - first, bytes: size, [], run)
        var place = 0
        for element in first..<count {
            begin(element, run)
            do {
                let payload = try output(element, run, opened)
                meanOutput += (payload.bytes.count - meanOutput) / 8
                guard payload.flags.isEmpty, payload.storages.isEmpty, payload.descriptors.isEmpty,
                    place + 4 + payload.bytes.count <= size
                else {
                    let isLast = element == count - 1
                    writer.close(progress, isLast: false)
                    if isLast { run.end() }
                    do { try send(payload, element, isLast: isLast, run) } catch {
                        fail(element, error, isLast: isLast, run)
                    }
                    return element + 1
                }
                outputs.storeBytes(of: UInt32(payload.bytes.count), toByteOffset: place, as: UInt32.self)
                payload.bytes.withUnsafeBytes {
                    (outputs + place + 4).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
                }
                place += 4 + payload.bytes.count
                roost_run_set_done(progress, UInt32(element + 1 - first))
            } catch {
                return closeRun(element, error, of: count, progress, run)
            }
        }
        return closeRun(count, nil, of: count, progress, run)
    }

    /// Bytes: a frame has room for several.
    private static let longestText = 8_000
    private static let runHeader = MemoryLayout<roost_run>.size

    private func openRun(
        from first: Int, _ room: Int, bytes: Int, _ flags: FrameFlags, _ run: TaskRun
    ) -> (outputs: UnsafeMutableRawPointer, progress: UnsafeMutablePointer<roost_run>) {
        let frame = roost_frame(
            size: UInt32(Self.runHeader + bytes), kind: FrameKind.results.rawValue, flags: flags.rawValue,
            slot: UInt16(run.index), element: UInt32(first), extra: UInt32(room), number: run.number)
        guard let place = writer.begin(frame) else { roost_leave(0) }
        return (place + Self.runHeader, roost_run_at(place))
    }

    /// The next one is `element`, unless that one failed.
    private func closeRun(
        _ element: Int, _ failure: (any Error)?, of count: Int, _ progress: UnsafeMutablePointer<roost_run>,
        _ run: TaskRun
    ) -> Int {
        guard let failure else {
            if element == count { run.end() }
            writer.close(progress, isLast: element == count)
            return element
        }
        writer.close(progress, isLast: false)
        let isLast = element == count - 1
        if isLast { run.end() }
        fail(element, failure, isLast: isLast, run)
        return element + 1
    }

    private func fail(
        _ slot: Int, _ element: Int, _ number: UInt64, _ kind: RemoteFailure.Kind, _ error: any Error, flags: FrameFlags
    ) {
        var failure = RemoteFailure(
            kind: kind, type: String(reflecting: Swift.type(of: error)).cut(utf8: Self.longestText),
            text: "\(error)".cut(utf8: Self.longestText))
        if let codable = error as? any Error & Codable, let name = TypeDoor.name(of: Swift.type(of: error)),
            let encoded = try? TaskCoding.encodePlainly(codable), encoded.count < Self.longestText
        {
            failure.name = name
            failure.encoded = encoded
        }
        let bytes = (try? TaskCoding.encodePlainly(failure)) ?? []
        _ = writer.write(.failure, flags: flags, slot: slot, element: element, number: number, bytes, wait: .forEver)
    }
}

extension String {
    /// No more than so many bytes of it; whole characters.
    func cut(utf8 most: Int) -> String {
        guard utf8.count > most else { return self }
        var end = utf8.index(startIndex, offsetBy: most)
        while end > startIndex, String.Index(end, within: self) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}

/// Too many bytes.
private struct SizeError: Error, CustomStringConvertible {
    let size: Int
    let limit: Int
    var description: String { "it has \(size) bytes, and \(limit) are allowed" }
}

extension roost_patience {
    /// About as long as a sleep and a wake take. Not on a single processor.
    static var forRings: roost_patience {
        let most: Int32 = WorkerPool.processorCount > 1 ? 1_000 : 0
        return roost_patience(most: most, looks: most, slept: 0)
    }
}
