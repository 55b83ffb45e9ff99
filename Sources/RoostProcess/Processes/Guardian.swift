import CRoostProcess
import Glibc
import Roost

/// A small process beside the app that outlives it, also when it is killed: it then ends the groups of all workers. (The
/// kernel ends the workers themselves, but not what they have started.)
///
/// It is this program again, and leaves for C before `main`; in a session of its own, with every signal but SIGKILL ignored.
final class Guardian: Sendable {
    static let shared = Guardian()

    private struct State {
        var table: UnsafeMutablePointer<roost_guard_table>?
        var memory: Int32 = -1
        var lifeline: (reader: Int32, writer: Int32) = (-1, -1)
        var pid: Int32 = -1
        var restarts = 0
        /// The folder of the journals, until what earlier launches have left there is swept.
        var unswept: String?
    }

    private let state = Locked(State())

    /// Starts it unless it runs; ``prepare()`` comes before. On the supervisor's thread.
    func ensureStarted() throws {
        guard state.withLock({ $0.pid < 0 }) else { return }
        let (memory, reader) = state.withLock { ($0.memory, $0.lifeline.reader) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let program = SpawnedProgram(
            path: "/proc/self/exe", arguments: ["roost-guardian"],
            environment: SpawnedProgram.environment(adding: [
                String(cString: roost_guardian_variable()): "3,4", "SWIFT_BACKTRACE": "enable=no",
            ]),
            folder: "/", descriptors: [null, null, null, reader, memory], hasOwnSession: true, diesWithThread: false)
        let process = try program.spawn()
        state.withLock { $0.pid = process.pid }
        let tag = OneShot<UInt64>()
        let watch = try Supervisor.shared.watch(process.pidfd) { [self] _ in
            tag.whenResolved { Supervisor.shared.unwatch(process.pidfd, $0) }
            var end = roost_process_end()
            _ = roost_reap(process.pidfd, &end)
            close(process.pidfd)
            hasEnded()
        }
        tag.resolve(watch)
        // Once, and after the first worker, which somebody waits for. It reads all of /proc: not on this thread.
        if let folder = state.withLock({ $0.unswept.take() }) {
            _ = PlatformThread.start(name: "roost-sweep") { Journal.sweep(folder) }
        }
    }

    /// Makes its table: what is in there is ended as soon as it runs, or by the next launch.
    func prepare() throws {
        guard state.withLock({ $0.table == nil }) else { return }
        let size = MemoryLayout<roost_guard_table>.size
        let folder = Journal.folder()
        var path = folder.map { $0 + "/" + String(mark.dropLast()) }
        var memory = path.map { Journal.create($0, size: size) } ?? -1
        if memory < 0 {
            path = nil
            memory = try SharedMemory.make("roost-guard", size: size)
        }
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0)
        guard let base, base != MAP_FAILED else { throw SystemCallError(call: "mmap", errno: errno) }
        // proof: the mapping is page-aligned, large enough, and used as this type alone.
        let table = base.bindMemory(to: roost_guard_table.self, capacity: 1)
        roost_guard_init(table, mark, path)
        var ends: [Int32] = [-1, -1]
        let failure = roost_pipe(&ends, 0)
        guard failure == 0 else { throw SystemCallError(call: "pipe2", errno: failure) }
        state.withLock { state in
            state.table = table
            state.memory = memory
            state.lifeline = (ends[0], ends[1])
            state.unswept = folder
        }
    }

    /// What all workers of this process have in their environment, each with its number behind it. No other process has the same.
    let mark = "\(getpid())-\(roost_process_start(getpid()))-\(UInt32.random(in: 0 ... .max))."

    /// Somebody killed it: another one takes its place, but not for ever.
    private func hasEnded() {
        let mayRestart = state.withLock { state in
            state.pid = -1
            state.restarts += 1
            return state.restarts < 100
        }
        if mayRestart { try? ensureStarted() }
    }

    var pid: Int32 { state.withLock { $0.pid } }

    /// A group to be ended with the app; -1 when the table is full.
    func add(_ group: Int32) -> Int32 {
        state.withLock { state in state.table.map { roost_guard_add($0, group) } ?? -1 }
    }

    func remove(_ place: Int32) {
        state.withLock { state in
            if let table = state.table { roost_guard_remove(table, place) }
        }
    }
}
