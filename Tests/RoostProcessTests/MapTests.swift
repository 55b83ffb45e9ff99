import ProcessTestTasks
import Roost
import RoostProcess
import Testing

@Suite struct MapTests {
    @Test(arguments: [MapOrder.asSubmitted, .asCompleted], [MapChunk.automatic, .count(1), .count(256)])
    func everyTaskHasItsResult(_ order: MapOrder, _ chunk: MapChunk) async throws {
        let pool = try SmokeTests.pool()
        var seen: [Int] = []
        for await (input, result) in try pool.map((0..<5_000).map { Add($0, 1) }, order: order, chunk: chunk) {
            #expect(try result.get() == input.left + 1)
            seen.append(input.left)
        }
        if case .asSubmitted = order { #expect(seen == Array(0..<5_000)) }
        #expect(seen.sorted() == Array(0..<5_000))
        await pool.close()
    }

    @Test func anEndlessSequenceIsTakenAsFarAsNeeded() async throws {
        let pool = try SmokeTests.pool()
        let taken = Locked(0)
        var count = 0
        let endless = sequence(first: 0) { number in
            taken.withLock { $0 = number }
            return number + 1
        }
        for await (_, result) in try pool.map(Tasks(base: endless)) {
            _ = try result.get()
            count += 1
            if count == 10_000 { break }
        }
        #expect(taken.withLock { $0 } < 10_000 + 6 * 1_024)
        await pool.close()
    }

    @Test func aCrashInAChunkFailsOneTask() async throws {
        let pool = try SmokeTests.pool()
        let tasks = (0..<300).map { CrashIf(number: $0, crashes: $0 % 100 == 50) }
        var crashed: [Int] = []
        for await (input, result) in try pool.map(tasks, chunk: .count(100)) {
            switch result {
            case .success(let number): #expect(number == input.number)
            case .failure(let error):
                #expect(error is TaskCrash)
                crashed.append(input.number)
            }
        }
        #expect(crashed == [50, 150, 250])
        await pool.close()
    }
}

struct Tasks: Sequence, Sendable {
    let base: UnfoldFirstSequence<Int>
    func makeIterator() -> AnyIterator<Add> {
        var iterator = base.makeIterator()
        return AnyIterator { iterator.next().map { Add($0, 1) } }
    }
}
