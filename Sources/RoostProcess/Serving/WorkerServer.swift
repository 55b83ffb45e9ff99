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
    private var types: [Int: ServedTask] = [:]

    /// Becomes a worker, and never returns.
    static func serve(_ role: roost_role) -> Never {
        guard let control = roost_control_map(role.control), control.pointee.magic == UInt32(ROOST_CONTROL_MAGIC)
        else {
            writeToStandardError("roost: a worker could not map the memory it shares with the app: errno \(errno)\n")
            roost_leave(70)
        }
        close(role.control)
        // A line at a time: what is printed before a crash is not lost.
        roost_print_lines()
        roost_role_show_displays()
        roost_name_process("roost-worker")
        roost_crash_watch(control)
        WorkerServer(role, control).run()
    }

    private init(_ role: roost_role, _ control: UnsafeMutablePointer<roost_control>) {
        self.role = role
        self.control = control
        incoming = roost_ring_to_worker(control)
        let writer = FrameWriter(ring: roost_ring_from_worker(control))
        self.writer = writer
        port = ArenaPort(channel: role.channel) { news in
            _ = writer.write(.workerArena, extra: news.extra, number: news.number, wait: .forEver)
        }
    }

    private func run() -> Never {
        let channel = role.channel
        // The kernel ends this process with the app's thread; this is for what the kernel does not see, and for its own children.
        let failure = PlatformThread.start(name: "roost-lifeline", options: .init(stackSize: 128 * 1024)) {
            while roost_wait_for_hangup(channel, -1) != 0 {}
            kill(0, SIGKILL)
            roost_leave(70)
        }
        var setupFailure = failure.map { "its lifeline could not be started: errno \($0)" }
        var hasGreeted = false
        while true {
            guard roost_ring_wait_for_frame(incoming, Self.spins, -1) == 0 else { roost_leave(0) }
            var failure: Int32 = 0
            while let frame = roost_ring_peek(incoming, &failure) {
                if frame.pointee.kind == FrameKind.setup.rawValue { setupFailure = setupFailure ?? setUp(frame) }
                if !hasGreeted, frame.pointee.kind == FrameKind.setup.rawValue {
                    hasGreeted = true
                    greet(setupFailure)
                    roost_ring_consume(incoming, frame.pointee.size)
                    continue
                }
                handle(frame)
            }
            if failure != 0 {
                writeToStandardError("roost: a worker got a frame that cannot be\n")
                roost_leave(70)
            }
        }
    }

    /// Looks for about so long before it sleeps: a wake costs more. Not on a single processor.
    private static let spins: Int32 = WorkerPool.processorCount > 1 ? 200 : 0

    private func bytes(of frame: UnsafePointer<roost_frame>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(frame + 1), count: Int(frame.pointee.size))
    }

    // MARK: The beginning

    /// Why the setup failed; nil when it did not, or there is none.
    private func setUp(_ frame: UnsafePointer<roost_frame>) -> String? {
        let bytes = bytes(of: frame)
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
            setupFailure: setupFailure)
        _ = writer.write(.hello, (try? TaskCoding.encodePlainly(hello)) ?? [], wait: .forEver)
    }

    // MARK: Frames

    private func handle(_ frame: UnsafePointer<roost_frame>) {
        let size = frame.pointee.size
        switch FrameKind(rawValue: frame.pointee.kind) {
        case .define:
            define(frame)
            roost_ring_consume(incoming, size)
        case .task: serve(frame)
        case .arena:
            port.hear(ArenaNews(number: frame.pointee.number, extra: frame.pointee.extra))
            roost_ring_consume(incoming, size)
        case .leave: roost_leave(0)
        default: roost_ring_consume(incoming, size)
        }
    }

    /// `number` is the contract, `extra` the type's number.
    private func define(_ frame: UnsafePointer<roost_frame>) {
        let name = String(decoding: bytes(of: frame), as: UTF8.self)
        var answer = TypeAnswer(
            verdict: .unknown, detail: "", executable: ExecutableIdentity.path, build: ExecutableIdentity.build)
        if let type = TypeDoor.type(named: name) {
            if let task = type as? any IsolatedTask.Type {
                if ServedTask.contract(of: task) == frame.pointee.number {
                    types[Int(frame.pointee.extra)] = ServedTask.make(task)
                    answer.verdict = .known
                } else {
                    answer.verdict = .different
                    answer.detail = "its output or update is another type there"
                }
            } else {
                answer.verdict = .different
                answer.detail = "'\(String(reflecting: type))' is no IsolatedTask there"
            }
        }
        guard frame.pointee.element == 1 else { return }
        let bytes = (try? TaskCoding.encodePlainly(answer)) ?? []
        _ = writer.write(.answer, extra: Int(frame.pointee.extra), bytes, wait: .forEver)
    }

    // MARK: Tasks

    private func serve(_ frame: UnsafePointer<roost_frame>) {
        let header = frame.pointee
        let index = Int(header.slot)
        let slot = roost_control_slot(control, Int32(index))
        guard roost_slot_take(slot) != 0 else {
            roost_ring_consume(incoming, header.size)
            _ = writer.write(.skipped, slot: index, number: header.number, wait: .forEver)
            return
        }
        let flags = FrameFlags(rawValue: header.flags)
        let count = max(1, Int(header.element))
        let opened: OpenedTasks
        do {
            guard let type = types[Int(header.extra & 0xFFFF)] else {
                throw ProcessPoolError.broken("a type nobody defined")
            }
            opened = try type.open(bytes(of: frame), flags, count, port)
            roost_ring_consume(incoming, header.size)
        } catch {
            roost_ring_consume(incoming, header.size)
            return fail(index, 0, header.number, .inputNotDecodable, error, flags: .last)
        }
        let run = TaskRun(
            control: control, index: index, number: header.number, name: opened.name, attempt: Int(header.extra >> 16),
            writer: writer)
        for element in 0..<count {
            roost_control_forget(control)
            roost_slot_set_element(slot, UInt32(element))
            let isLast = element == count - 1
            finish(element, isLast: isLast, run, opened)
        }
    }

    private func finish(_ element: Int, isLast: Bool, _ run: TaskRun, _ opened: OpenedTasks) {
        let flags: FrameFlags = isLast ? .last : []
        do {
            let payload = try opened.run(element, run)
            if let limit = run.outputLimit, payload.size > limit {
                if isLast { run.end() }
                return fail(
                    run.index, element, run.number, .outputTooLarge,
                    SizeError(description: "it has \(payload.size) bytes, and \(limit) are allowed"), flags: flags)
            }
            if isLast { run.end() }
            try port.lend(payload)
            _ = writer.write(
                .result, flags: payload.flags.union(flags), slot: run.index, element: element, number: run.number,
                payload.bytes, wait: .forEver, wakes: isLast || element % 64 == 63)
        } catch let error as OutputError {
            if isLast { run.end() }
            fail(run.index, element, run.number, .outputNotEncodable, error.underlying, flags: flags)
        } catch {
            if isLast { run.end() }
            fail(run.index, element, run.number, error is StopError ? .stopped : .thrown, error, flags: flags)
        }
    }

    private func fail(
        _ slot: Int, _ element: Int, _ number: UInt64, _ kind: RemoteFailure.Kind, _ error: any Error, flags: FrameFlags
    ) {
        var failure = RemoteFailure(
            kind: kind, type: String(reflecting: Swift.type(of: error)), text: String("\(error)".prefix(8_000)))
        if let codable = error as? any Error & Codable, let name = TypeDoor.name(of: Swift.type(of: error)),
            let encoded = try? TaskCoding.encodePlainly(codable), encoded.count < 8_000
        {
            failure.name = name
            failure.encoded = encoded
        }
        let bytes = (try? TaskCoding.encodePlainly(failure)) ?? []
        _ = writer.write(.failure, flags: flags, slot: slot, element: element, number: number, bytes, wait: .forEver)
    }
}

/// Too many bytes.
private struct SizeError: Error, CustomStringConvertible {
    let description: String
}
