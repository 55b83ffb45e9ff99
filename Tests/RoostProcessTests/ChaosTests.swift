import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Synchronization
import Testing

/// Workers killed at random and tasks stopped at random, while tasks come: each ends exactly once, runs at most once, and
/// nothing grows.
@Suite(.serialized) struct ChaosTests {
    @Test func everyTaskEndsOnceWhateverIsKilled() async throws {
        let seed = Seed.fromEnvironment
        var generator = SeededGenerator(seed: seed)
        let rounds = Seed.isSoak ? 1_000 : 60
        let log = try RunLog()
        // What a process has for its first pool it keeps.
        let first = try SmokeTests.pool()
        _ = try await first.run(Add(1, 1))
        await first.close()
        let before = try Growth.now()
        var killed = 0
        var stopped = 0
        var endings: [String: Int] = [:]
        do {
            let pool = try SmokeTests.pool {
                $0.workers = 0...4
                $0.takesBacktraces = false
                $0.onOutput = { _ in }
            }
            var handles: [(Int, WorkerHandle<Int, WorkerProgress>)] = []
            var number = 0
            while killed < rounds || stopped < rounds {
                for _ in 0..<8 {
                    handles.append(
                        (
                            number,
                            pool.start(Mark(number, log: log.path, micros: .random(in: 0...20_000, using: &generator)))
                        ))
                    number += 1
                }
                if let victim = pool.processes.randomElement(using: &generator) {
                    if kill(victim, SIGKILL) == 0 { killed += 1 }
                }
                if let (_, handle) = handles.suffix(20).randomElement(using: &generator), handle.stop() { stopped += 1 }
                try await Task.sleep(for: .milliseconds(20))
            }
            for (_, handle) in handles { _ = await handle.ending }
            for (number, handle) in handles {
                let ending = await handle.ending
                endings[ending.kind, default: 0] += 1
                let runs = try log.count(number)
                switch ending {
                case .finished: #expect(runs == 1, "\(seed): task \(number) finished and ran \(runs) times")
                case .crashed(let error):
                    #expect(error is TaskCrash, "\(error)")
                    #expect(runs <= 1, "\(seed): task \(number) ran \(runs) times")
                case .stopped: #expect(runs <= 1, "\(seed): task \(number) ran \(runs) times")
                default: Issue.record("\(seed): task \(number) ended as \(ending)")
                }
            }
            await pool.close()
            #expect(pool.processes == [])
        }
        print("seed \(seed): \(killed) kills, \(stopped) stops, \(endings)")
        // The thread of the last worker may be about to end.
        var after = try Growth.now()
        let deadline = ContinuousClock.now + .seconds(5)
        while !(after <= before), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
            after = try Growth.now()
        }
        #expect(after <= before, "\(seed): \(before) -> \(after)")
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
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
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
            mapped: try read("/proc/self/maps").split(separator: "\n").count { $0.contains("roost-") })
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

/// Which tasks began, from all workers: a byte per task in a file that all append to.
final class RunLog {
    let path: String
    init() throws {
        path = "/tmp/roost-runs-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    }
    deinit { unlink(path) }

    private var counts: [Int: Int]?
    func count(_ number: Int) throws -> Int {
        if counts == nil {
            var found: [Int: Int] = [:]
            for line in try Growth.read(path).split(separator: "\n") { found[Int(line) ?? -1, default: 0] += 1 }
            counts = found
        }
        return counts?[number] ?? 0
    }
}
