import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Synchronization
import Testing

/// Workers killed at random and tasks stopped at random, while tasks come: each ends exactly once, runs at most once, and
/// nothing grows.
@Suite(.serialized) struct ChaosTests {
    /// A task, and whether it was asked to stop while it could be.
    private struct Sent {
        let number: Int
        let handle: WorkerHandle<Int, WorkerProgress>
        var isStopped = false
    }

    @Test func everyTaskEndsOnceWhateverIsKilled() async throws {
        let seed = Seed.fromEnvironment
        var generator = SeededGenerator(seed: seed)
        // What a process has for its first pool, its first deaths and its first stops it keeps.
        _ = try await chaos(rounds: 20, seed, &generator)
        let before = try Growth.now()
        let told = try await chaos(rounds: Seed.isSoak ? 1_000 : 60, seed, &generator)
        print("seed \(seed): \(told)")
        // The thread of the last worker may be about to end.
        var after = try Growth.now()
        let deadline = ContinuousClock.now + .seconds(5)
        while !(after <= before), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
            after = try Growth.now()
        }
        #expect(after <= before, "\(seed): \(before) -> \(after)")
        #expect(after.resident - before.resident < 24 << 20, "\(seed): \(before.resident) -> \(after.resident) bytes")
    }

    /// So many workers killed and at least as many tasks stopped, then the pool closed; in words what became of the tasks.
    private func chaos(rounds: Int, _ seed: UInt64, _ generator: inout SeededGenerator) async throws -> String {
        let corner = try Corner()
        let log = corner.path("log")
        let pool = try SmokeTests.pool {
            $0.workers = 0...4
            $0.takesBacktraces = false
            $0.onOutput = { _ in }
        }
        var sent: [Sent] = []
        var killed: Set<Int32> = []
        var stops = 0
        while killed.count < rounds || stops < rounds {
            for _ in 0..<8 {
                let task = Mark(sent.count, log: log, micros: .random(in: 0...20_000, using: &generator))
                sent.append(Sent(number: sent.count, handle: pool.start(task)))
            }
            let living = pool.processes.filter { !killed.contains($0) }
            if let victim = living.randomElement(using: &generator), kill(victim, SIGKILL) == 0 {
                killed.insert(victim)
            }
            if let one = sent.indices.suffix(20).randomElement(using: &generator), sent[one].handle.stop() {
                sent[one].isStopped = true
                stops += 1
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        var endings: [Int: WorkerEnding] = [:]
        for task in sent { endings[task.number] = await task.handle.ending }
        await pool.close()
        #expect(pool.processes == [])

        let runs = Dictionary(grouping: Mark.runs(in: log), by: \.number)
        var counts: [String: Int] = [:]
        var crashed: Set<Int32> = []
        for task in sent {
            let (ending, own) = (try #require(endings[task.number]), runs[task.number] ?? [])
            let what = "\(seed): task \(task.number), begun \(own.count) times, ended as \(ending)"
            counts[ending.kind, default: 0] += 1
            #expect(own.count <= 1, "\(what)")
            switch ending {
            case .finished: #expect(own.first?.isWhole == true, "\(what)")
            case .stopped: #expect(task.isStopped, "\(what)")
            case .crashed(let error):
                guard let crash = error as? TaskCrash, crash.cause == .signal(SIGKILL) else {
                    Issue.record("\(what)")
                    break
                }
                #expect(killed.contains(crash.process) && crashed.insert(crash.process).inserted, "\(what)")
                #expect(own.allSatisfy { $0.process == crash.process }, "\(what)")
            default: Issue.record("\(what)")
            }
            // Killed in the middle of it: that is what it has to say.
            if let run = own.first, killed.contains(run.process), !run.isWhole, !task.isStopped {
                #expect(ending.kind == "crashed", "\(what)")
            }
        }
        #expect(!crashed.isEmpty)
        return "\(killed.count) workers killed, \(stops) stops, \(counts)"
    }
}

enum Seed {
    static var fromEnvironment: UInt64 {
        getenv("ROOST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...1_000_000)
    }
    static var isSoak: Bool { getenv("ROOST_SOAK") != nil }
}

struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// What a process has that must not grow.
struct Growth {
    /// What each open descriptor is, but for timers: those are Dispatch's, which makes one when it first needs it. Roost has none.
    var links: [String]
    var descriptors: Int { links.count }
    var children: [String]
    var mapped: Int
    /// Bytes of memory of its own that are in use; for the caller to compare, with room for what the allocator keeps.
    var resident: Int

    static func <= (left: Growth, right: Growth) -> Bool {
        left.descriptors <= right.descriptors && left.mapped <= right.mapped
            && left.children.allSatisfy(right.children.contains)
    }

    static func now() throws -> Growth {
        var children: [String] = []
        for thread in try list("/proc/self/task") {
            children += (try? read("/proc/self/task/\(thread)/children"))?.split(separator: " ").map(String.init) ?? []
        }
        return Growth(
            links: try list("/proc/self/fd").compactMap { number in
                var target = [UInt8](repeating: 0, count: 200)
                let count = target.withUnsafeMutableBytes {
                    readlink("/proc/self/fd/\(number)", $0.baseAddress!, $0.count)
                }
                let link = String(decoding: target.prefix(max(0, count)), as: UTF8.self)
                return count > 0 && link != "anon_inode:[timerfd]" ? "\(number) \(link)" : nil
            },
            children: children,
            mapped: try read("/proc/self/maps").split(separator: "\n").count { $0.contains("roost-") },
            resident: try residentBytes())
    }

    private static func residentBytes() throws -> Int {
        let line = try read("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return (line.flatMap { Int($0.split(whereSeparator: { " \t".contains($0) })[1]) } ?? 0) << 10
    }

    static func list(_ path: String) throws -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw SystemCallError(call: "open", errno: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
