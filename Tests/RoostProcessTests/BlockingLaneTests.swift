import Foundation
import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Testing

@Suite struct BlockingLaneTests {
    @Test func anOpenFileComesBack() async throws {
        let path = "/tmp/roost-open-\(getpid())"
        try Data("what is in there".utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        let pool = try SmokeTests.pool()
        let file = try await pool.run(OpenFile(path))
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = read(file.number, &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == "what is in there")
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
        await #expect(throws: SystemCallError(call: "open", errno: ENOENT)) {
            _ = try await pool.run(OpenFile(path + "-none"))
        }
        await pool.close()
        // Its worker is gone; the file is not.
        #expect(lseek(file.number, 0, SEEK_SET) == 0)
    }

    @Test func aFileThatNeverOpensIsGivenUpInTime() async throws {
        let path = "/tmp/roost-fifo-\(getpid())"
        mkfifo(path, 0o600)
        defer { unlink(path) }
        let pool = try SmokeTests.pool()
        let open = pool.start(OpenFile(path))
        let deadline = ContinuousClock.now + .seconds(10)
        while !pool.processes.contains(where: Self.isOpening), ContinuousClock.now < deadline { await Task.yield() }
        #expect(pool.processes.contains(where: Self.isOpening), "no worker is in the call")
        let asked = ContinuousClock.now
        open.stop()
        guard case .stopped = await open.ending else {
            Issue.record("\(await open.ending)")
            return
        }
        #expect(ContinuousClock.now - asked < .milliseconds(2_500))
        #expect(try await pool.run(Add(1, 2)) == 3)
        await pool.close()
    }

    /// Whether a process waits in `openat`, which the kernel says by its number.
    private static func isOpening(_ process: Int32) -> Bool {
        #if arch(x86_64)
        let openat = 257
        #else
        // All newer architectures share one table.
        let openat = 56
        #endif
        return (try? Growth.read("/proc/\(process)/syscall"))?.hasPrefix("\(openat) ") ?? false
    }

    @Test func aHostIsResolved() async throws {
        let pool = try SmokeTests.pool()
        let addresses = try await pool.run(ResolveHost("127.0.0.1", service: "80"))
        #expect(addresses.map(\.description) == ["127.0.0.1:80"])
        await #expect(throws: ResolveHost.Failure.self) {
            _ = try await pool.run(ResolveHost("256.0.0.1 is no name", service: nil))
        }
        await pool.close()
    }
}
