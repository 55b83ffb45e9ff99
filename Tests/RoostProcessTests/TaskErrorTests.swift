import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// What a task throws, and what cannot cross.
@Suite struct TaskErrorTests {
    private func error<T: IsolatedTask>(
        _ task: T, change: (inout ProcessPool.Configuration) -> Void = { _ in }
    ) async throws -> any Error {
        let pool = try SmokeTests.pool(change)
        let ending = await pool.start(task).ending
        #expect(try await pool.run(Add(1, 1)) == 2, "the pool goes on")
        await pool.close()
        guard case .failed(let error) = ending else {
            Issue.record("\(ending)")
            throw Unexpected()
        }
        return error
    }

    @Test func anErrorThatCanBeEncodedArrivesAsItself() async throws {
        #expect(try await error(Refuse(isSpeakable: true)) as? Refusal == Refusal(reason: "not today"))
    }

    @Test func anErrorThatCannotArrivesInWords() async throws {
        let error = try #require(await error(Refuse(isSpeakable: false)) as? RemoteError)
        #expect(error.text == "unspeakable" && error.type == "ProcessTestTasks.Unspeakable")
    }

    @Test func anInputThatCannotBeEncoded() async throws {
        let error = try #require(await error(Unencodable()) as? ProcessPoolError)
        #expect(
            error.code == .inputNotEncodable && error.underlying as? Refusal == Refusal(reason: "it does not travel"),
            "\(error)")
        #expect(error.message.contains("Unencodable"))
    }

    @Test func anInputThatCannotBeDecoded() async throws {
        let error = try #require(await error(Undecodable()) as? ProcessPoolError)
        #expect(error.code == .inputNotDecodable && "\(error)".contains("it does not arrive"), "\(error)")
    }

    @Test func anOutputThatCannotBeEncoded() async throws {
        let error = try #require(await error(GiveUnencodable()) as? ProcessPoolError)
        #expect(error.code == .outputNotEncodable && "\(error)".contains("it does not come back"), "\(error)")
    }

    @Test func anInputBeyondTheLimit() async throws {
        let text = String(repeating: "x", count: 100_000)
        let tooLarge = try #require(
            await error(CountText(text), change: { $0.inputLimit = 50_000 }) as? ProcessPoolError)
        #expect(tooLarge.code == .inputTooLarge && tooLarge.message.contains("50000"), "\(tooLarge)")
        let bytes = try Bytes(count: 200_000) { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        let manyBytes = try await error(Brighten(bytes), change: { $0.inputLimit = 50_000 })
        #expect((manyBytes as? ProcessPoolError)?.code == .inputTooLarge)
    }

    @Test func anOutputBeyondTheLimit() async throws {
        let pool = try SmokeTests.pool { $0.limits.output = 1 << 20 }
        let error = await pool.start(Flood(mebibytes: 8)).ending.poolError
        #expect(error?.code == .outputTooLarge)
        #expect(try await pool.run(Add(1, 1)) == 2)
        await pool.close()
    }

    @Test func aPoolInsideAWorker() async throws {
        let pool = try SmokeTests.pool()
        #expect(try await pool.run(PoolInside(isCaught: true)) == "inside a worker")
        let error = try #require(await error(PoolInside(isCaught: false)) as? RemoteError)
        #expect(error.type == "RoostProcess.ProcessPoolError" && error.text.contains("inside a worker"), "\(error)")
        await pool.close()
    }
}
