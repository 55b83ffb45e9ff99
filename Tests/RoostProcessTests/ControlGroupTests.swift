import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Where the machine lets this process make control groups: a tree of version 2 that it may write to.
@Suite(.serialized, .enabled(if: Groups.folder != nil, "no control groups can be made here")) struct ControlGroupTests {
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
        let task = pool.start(StartChild(isRunaway: true, milliseconds: 60_000, forgetsEnvironment: true))
        var child: Int32 = 0
        for await update in task.updates {
            child = Int32(update.completed)
            break
        }
        #expect(kill(child, 0) == 0)
        kill(try #require(pool.processes.first), SIGKILL)
        guard case .crashed = await task.ending else {
            Issue.record("it did not crash")
            return
        }
        let died = ContinuousClock.now
        while Processes.isAlive(child), ContinuousClock.now - died < .seconds(5) {}
        #expect(ContinuousClock.now - died < .milliseconds(100))
        await pool.close()
        try await untilGone(folder)
    }

    @Test func theKernelHoldsTheLimitToThePage() async throws {
        let folder = try #require(Groups.folder)
        guard ControlFile.read(folder + "/cgroup.controllers")?.contains("memory") ?? false else { return }
        let pool = try pool(folder, TaskLimits(memory: 64 << 20))
        let group = try #require(
            try await {
                _ = try await pool.run(Add(1, 1))
                return try groups(folder).first
            }())
        let limit = ControlFile.read("\(folder)/\(group)/memory.max")
        #expect(limit.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0 > 64 << 20)
        await pool.close()
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
    /// A folder of this process's own in the tree, removed with the process's tests by nobody: it is empty, and the next run takes it again.
    static let folder: String? = {
        guard let mounts = ControlFile.read("/proc/self/mountinfo") else { return nil }
        for line in mounts.split(separator: "\n") where line.contains(" - cgroup2 ") {
            let fields = line.split(separator: " ")
            let folder = "\(fields[4])/roost-tests"
            if mkdir(folder, 0o755) == 0 || errno == EEXIST { return folder }
        }
        return nil
    }()
}
