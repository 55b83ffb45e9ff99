import Foundation
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

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
        expectBothPrograms(error)
    }

    @Test func anOutputThatCannotBeDecoded() async throws {
        let error = try #require(await error(GiveUndecodable()) as? ProcessPoolError)
        #expect(error.code == .outputNotDecodable && "\(error)".contains("it cannot be read"), "\(error)")
        expectBothPrograms(error)
    }

    @Test(arguments: [1, 10]) func anOutputOfAMapThatCannotBeDecoded(chunk: Int) async throws {
        let pool = try SmokeTests.pool()
        for await (_, result) in try pool.map((0..<20).map { _ in GiveUndecodable() }, chunk: .count(chunk)) {
            let error = try #require(#expect(throws: ProcessPoolError.self) { try result.get() })
            #expect(error.code == .outputNotDecodable, "\(error)")
            expectBothPrograms(error)
        }
        await pool.close()
    }

    /// A value that one of them wrote and the other cannot read: both are named, with their builds.
    private func expectBothPrograms(_ error: ProcessPoolError, at location: SourceLocation = #_sourceLocation) {
        let worker = "/\(TestWorker.path.split(separator: "/").last ?? "")' (build "
        for part in ["; worker '/", worker, "app '\(ExecutableIdentity.path)'", "they are not one build"] {
            #expect(error.message.components(separatedBy: part).count == 2, "\(error)", sourceLocation: location)
        }
        let builds = error.message.matches(of: /build ([0-9a-f]{16,})/).map { String($0.output.1) }
        #expect(Set(builds).count == 2, "\(error)", sourceLocation: location)
    }

    @Test func programsAreNamedWhereTheyMayBeTheReason() {
        let same = WorkerIdentity(executable: "/the/worker", build: ExecutableIdentity.build)
        let other = WorkerIdentity(executable: "/the/worker", build: "12ab")
        let input = ProcessPoolError(.inputNotDecodable, "no")
        #expect(input.naming(same).message.contains("both are the same build"))
        #expect(input.naming(other).message.contains("(build 12ab)"))
        #expect(input.naming(nil).message == "no")
        #expect(ProcessPoolError.broken("x").naming(other).message.contains("(build 12ab)"))
        #expect(ProcessPoolError.broken("x").naming(same).message == ProcessPoolError.broken("x").message)
        #expect(ProcessPoolError(.closed, "no").naming(other).message == "no")
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
