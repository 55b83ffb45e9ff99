import CRoostProcess
import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Texts that are longer than a frame may be.
@Suite struct LongTextTests {
    @Test func aFrameThatIsTooLargeIsRefused() throws {
        let memory = roost_memory("roost-test", roost_control_size())
        defer { close(memory) }
        let control = try #require(roost_control_map(memory))
        defer { roost_control_unmap(control) }
        let writer = FrameWriter(ring: roost_ring_from_worker(control))
        let most = Int(ROOST_FRAME_LIMIT)
        #expect(!writer.write(.failure, Array(repeating: 0, count: most + 1), wait: .forEver))
        #expect(writer.write(.failure, Array(repeating: 0, count: most), wait: .forEver))
    }

    /// Eight thousand characters of 25 bytes.
    @Test(arguments: ["👨‍👩‍👧‍👦", "é", "x"]) func anErrorOfManyBytes(_ character: String) async throws {
        let pool = try SmokeTests.pool()
        let ending = await pool.start(ThrowText(character, count: 8_000)).ending(within: .seconds(10))
        guard case .failed(let error as RemoteError)? = ending else {
            Issue.record("\(ending?.description ?? "none")")
            return await pool.close()
        }
        #expect(error.text.hasPrefix(character) && error.text.utf8.count <= 8_000)
        #expect(error.text.allSatisfy { String($0) == character }, "no character is cut")
        await pool.close()
    }

    @Test func aSetupThatFailsWithManyWords() async throws {
        let corner = try Corner()
        var configuration = ProcessPool.Configuration(
            name: "test", workers: 0...1, executable: .path(TestWorker.path))
        configuration.onOutput = { _ in }
        // Twice as long once it is printed.
        let text = String(repeating: "\n", count: 40_000)
        let pool = try ProcessPool(
            configuration, setup: Settings(text, log: corner.path("log"), end: .throwsIt))
        let ending = await pool.start(Add(1, 2)).ending(within: .seconds(10))
        #expect(ending?.poolError?.code == .setupFailed, "\(ending?.description ?? "none")")
        await pool.close()
    }
}
