import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Where the machine lets this process make control groups: a tree of version 2 that it may write to.
@Suite(.serialized, .enabled(if: Groups.folder != nil, "no control groups can be made here"), .removesItsGroups)
struct ControlGroupTests {
    private func pool(_ folder: String, _ limits: TaskLimits = TaskLimits()) throws -> ProcessPool {
        try SmokeTests.pool {
            $0.controlGroups = .under(folder)
            $0.limits = limits
        }
    }

    private func groups(_ folder: String) throws -> [String] {
        try Growth.list(folder).filter { $0.hasPrefix("roost-\(getpid())-") }
    }

    @Test func eachWorkerHasItsOwnAndNoneIsLeft() async throws {
        let folder = try #require(Groups.folder)
        let pool = try pool(folder)
        #expect(try await pool.run(Add(1, 1)) == 2)
        let found = try groups(folder)
        #expect(found.count == pool.processes.count)
        let members = found.compactMap { ControlFile.read("\(folder)/\($0)/cgroup.procs") }
        #expect(pool.processes.allSatisfy { process in members.contains { $0.contains("\(process)\n") } })
        await pool.close()
        try await untilGone(folder)
    }

    /// In a session of its own, and without the mark: only the group knows it.
    @Test func whatAWorkerStartedEndsWithItsGroup() async throws {
        let folder = try #require(Groups.folder)
        let pool = try pool(folder)
        try await StartChild(isRunaway: true, milliseconds: 60_000, forgetsEnvironment: true)
            .expectToGoWithItsWorker(in: pool)
        await pool.close()
        try await untilGone(folder)
    }

    @Test(.enabled(if: Groups.countMemory, "the memory controller is not in this tree"))
    func theKernelHoldsTheLimitToThePage() async throws {
        let folder = try #require(Groups.folder)
        let size = 64 << 20
        let pool = try pool(folder, TaskLimits(memory: size))
        let group = try #require(
            try await {
                _ = try await pool.run(Add(1, 1))
                return try groups(folder).first
            }())
        func bytes(_ name: String) throws -> Int {
            try #require(ControlFile.read("\(folder)/\(group)/\(name)").flatMap { Int($0.prefix { $0.isNumber }) })
        }
        // So much more than the worker had before its task, which was at most what it has now, but for what the kernel took back.
        let (limit, now) = try (bytes("memory.max"), bytes("memory.current"))
        #expect(limit > size && limit <= size + now + 4 << 20, "\(limit), with \(now) in use")
        await pool.close()
        try await untilGone(folder)
    }

    @Test func aFolderThatIsNoneIsAnError() throws {
        #expect {
            try ProcessPool(
                {
                    var configuration = ProcessPool.Configuration()
                    configuration.controlGroups = .under("/tmp")
                    return configuration
                }())
        } throws: { error in
            (error as? ProcessPoolError)?.code == .systemLimit
                && "\(error)".contains("'/tmp' is no folder of control groups")
        }
    }

    private func untilGone(_ folder: String) async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while try !groups(folder).isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(try groups(folder).isEmpty)
    }
}

enum Groups {
    private static let prefix = "roost-tests-"

    /// A folder of this process's own in the tree.
    static let folder: String? = {
        guard let mounts = ControlFile.read("/proc/self/mountinfo") else { return nil }
        for line in mounts.split(separator: "\n") where line.contains(" - cgroup2 ") {
            let fields = line.split(separator: " ")
            let tree = String(fields[4])
            // Of tests that were killed. One that is not empty stays.
            for name in (try? Growth.list(tree)) ?? [] where name.hasPrefix(prefix) {
                if let owner = Int32(name.dropFirst(prefix.count)), kill(owner, 0) != 0, errno == ESRCH {
                    rmdir("\(tree)/\(name)")
                }
            }
            let folder = "\(tree)/\(prefix)\(getpid())"
            if mkdir(folder, 0o755) == 0 || errno == EEXIST { return folder }
        }
        return nil
    }()

    static var countMemory: Bool {
        folder.flatMap { ControlFile.read($0 + "/cgroup.controllers") }?.split(whereSeparator: \.isWhitespace)
            .contains("memory") ?? false
    }

    /// Around a suite: its folder goes with its last test.
    struct Removing: SuiteTrait, TestScoping {
        func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
        ) async throws {
            defer {
                if let folder = Groups.folder { #expect(rmdir(folder) == 0, "\(folder) is not empty") }
            }
            try await function()
        }
    }
}

extension Trait where Self == Groups.Removing {
    static var removesItsGroups: Self { Self() }
}
