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

    /// What is done of a chunk is given out while the rest of it takes its time, numbers and texts.
    @Test(arguments: [MapOrder.asSubmitted, .asCompleted]) func aSlowOneHoldsUpOnlyThoseBehindItInItsChunk(
        _ order: MapOrder
    )
        async throws
    {
        let corner = try Corner()
        let pool = try SmokeTests.pool()
        var numbers = try pool.map(
            (0..<100).map { Innocent($0, gate: $0 == 60 ? corner.path("numbers") : nil) }, order: order,
            chunk: .count(100)
        ).makeAsyncIterator()
        for number in 0..<60 { #expect(try await numbers.next()?.result.get() == number * 7) }
        Gate.open(corner.path("numbers"))
        for number in 60..<100 { #expect(try await numbers.next()?.result.get() == number * 7) }
        #expect(await numbers.next() == nil)
        var texts = try pool.map(
            (0..<100).map {
                GreetAt(String(repeating: "n", count: $0), gate: $0 % 30 == 29 ? corner.path("\($0)") : nil)
            },
            order: order, chunk: .count(100)
        ).makeAsyncIterator()
        for number in 0..<100 {
            if number % 30 == 29 { Gate.open(corner.path("\(number)")) }
            #expect(try await texts.next()?.result.get().count == number + 7)
        }
        #expect(await texts.next() == nil)
        await pool.close()
    }

    /// Together they are more than the pool takes, and one is so alone.
    @Test(arguments: [MapChunk.automatic, .count(8), .count(100)])
    func tasksThatDoNotGoTogetherGoOneByOne(_ chunk: MapChunk) async throws {
        let pool = try SmokeTests.pool { $0.inputLimit = 1_000 }
        let names = (0..<200).map { String(repeating: "a", count: $0 == 70 ? 2_000 : 300 + $0) }
        var seen = 0
        for await (task, result) in try pool.map(names.map { Greet($0) }, chunk: chunk) {
            if seen == 70 {
                #expect(throws: ProcessPoolError.self) { try result.get() }
            } else {
                #expect(try result.get() == "Hello, \(names[seen])" && task.name == names[seen])
            }
            seen += 1
        }
        #expect(seen == 200)
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
        // Eight chunks for each of the two workers, and what the one that was iterated had.
        #expect(taken.withLock { $0 } < 10_000 + 17 * 1_024)
        await pool.close()
    }

    /// Outputs of a chunk lie one behind the other in a frame: those that do not fit it, errors and crashes come between them.
    @Test(arguments: [1, 7, 64, 500]) func textsOfAllSizesErrorsAndCrashesInOneChunk(_ chunk: Int) async throws {
        let corner = try Corner()
        let log = corner.path("log")
        let pool = try SmokeTests.pool { $0.onOutput = { _ in } }
        let tasks = (0..<500).map { number in
            let size = [0, 8, 100, 5_000, 40_000, 70_000, 300_000][number % 37 == 0 ? number / 37 % 7 : 1]
            let way: GiveText.Way = number % 90 == 45 ? .crashes : number % 50 == 49 ? .throwsError : .returns
            return GiveText(number, size: size, way, log: log)
        }
        var next = 0
        for await (task, result) in try pool.map(tasks, chunk: .count(chunk)) {
            #expect(task.number == next)
            next += 1
            switch (task.way, result) {
            case (.returns, .success(let text)):
                #expect(text == String(repeating: "\(task.number % 10)", count: task.size), "\(task.number)")
            case (.throwsError, .failure(let error)):
                #expect((error as? Refusal) == Refusal(reason: "\(task.number)"))
            case (.crashes, .failure(let error)): #expect(error is TaskCrash, "\(error)")
            default: Issue.record("\(task.number), which \(task.way): \(result)")
            }
        }
        #expect(next == 500)
        let runs = try Growth.read(log).split(separator: "\n")
        #expect(runs.count == 500 && Set(runs).count == 500, "each ran once: \(runs.count)")
        await pool.close()
    }

    /// Tasks without checkpoints: those of a chunk that had not begun when it was stopped never do.
    @Test func aStoppedChunkBeginsWithNoFurtherTask() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.workers = 1...1 }
        let tasks = (0..<2_000).map { Doze($0, milliseconds: 5, log: corner.path("log")) }
        let scope = WorkerScope("dozers")
        let map = try pool.map(tasks, in: scope, chunk: .count(2_000))
        let iterating = Task { for await _ in map {} }
        while (try? Growth.read(corner.path("log")).isEmpty) ?? true { try await Task.sleep(for: .milliseconds(1)) }
        let workers = pool.processes
        _ = await scope.close(within: .seconds(5))
        await iterating.value
        #expect(try Growth.read(corner.path("log")).split(separator: "\n").count < 1_000)
        #expect(try await pool.run(Add(1, 1)) == 2)
        #expect(pool.processes == workers, "its worker lives")
        await pool.close()
    }

    /// What was done before the worker died counts, though nobody had looked at it yet.
    @Test func outputsBeforeACrashAreKept() async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 1...1
            $0.onOutput = { _ in }
        }
        let tasks = (0..<200).map { CrashIf(number: $0, crashes: $0 == 199) }
        var results: [Int] = []
        for await (_, result) in try pool.map(tasks, chunk: .count(200)) { results.append((try? result.get()) ?? -1) }
        #expect(results == Array(0..<199) + [-1])
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
