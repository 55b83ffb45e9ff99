import RoostCrash
import Testing

/// Censuses of a real program.
@Suite(.serialized) struct CensusTests {
    @Test func eachThreadIsOfItsKind() throws {
        let program = try CensusProgram("kinds", "FIFO")
        let census: ThreadCensus = try program.value()
        func thread(_ name: String) throws -> ThreadRecord {
            try #require(census.threads.first { $0.name == name }, "no thread has the name \(name)")
        }
        #expect(census.threads[0].kind == .main && census.threads[0].id == program.id)
        #expect(try thread("camera").kind == .serial("camera"))
        #expect(try thread("own").kind == .program)
        #expect(try thread("roost-budgets").kind == .roost)
        let worker = try #require(census.threads.first { $0.work != nil })
        #expect(
            worker.kind == .pool("pool") && worker.work?.worker == "count sheep" && worker.work?.scope == "the fields")
        let line = try CensusMark.line("checkpoint", in: "CensusTestApp/Census.swift")
        #expect(worker.work?.checkpoint == "census_test_app/Census.swift:\(line)")

        // Dispatch, and what of it belongs to Swift Concurrency.
        let dispatch = census.threads.filter { $0.kind == .dispatch && $0.wait?.systemCall == "pause" }
        #expect(dispatch.count == 1)
        let cooperative = census.threads.filter { $0.kind == .swiftConcurrency }
        #expect(cooperative.count == 1)
        #expect(
            cooperative.first?.stack?.frames.contains { $0.symbol?.contains("waitOnTheCooperativePool") == true }
                == true)
    }

    /// Which libraries with threads of their own the program found.
    private static let libraries: [String: Bool] = {
        guard let program = try? CensusProgram("kinds", "FIFO"), (try? program.value() as ThreadCensus) != nil else {
            return [:]
        }
        return (try? program.value()) ?? [:]
    }()

    @Test(.enabled(if: libraries["openblas"] ?? true, "libopenblas is not installed"))
    func threadsOfOpenBLASAreNamed() throws {
        let census: ThreadCensus = try CensusProgram("kinds", "FIFO").value()
        let blas = census.threads.filter {
            if case .library(let name) = $0.kind { name.hasPrefix("libopenblas") } else { false }
        }
        #expect(blas.count == 3)
    }

    @Test(.enabled(if: libraries["glib"] ?? true, "libglib-2.0 is not installed"))
    func threadsOfGLibAreNamed() throws {
        let census: ThreadCensus = try CensusProgram("kinds", "FIFO").value()
        #expect(
            census.threads.filter { $0.kind == .glib }.map(\.name).sorted() == ["by-the-program", "gmain", "pool"])
    }

    @Test func whatAThreadWaitsInIsSaidWithItsLine() throws {
        let program = try CensusProgram("kinds", "FIFO")
        let census: ThreadCensus = try program.value()
        let worker = try #require(census.threads.first { $0.work != nil })
        #expect(worker.state == .sleeping && worker.wait?.systemCall == "read")
        #expect(worker.wait?.arguments.hasSuffix("→ \(program.fifo)") == true)
        #expect(worker.wait?.channel?.isEmpty == false)
        let line = try CensusMark.line("read", in: "CensusTestApp/Main.swift")
        let frame = try #require(worker.stack?.frames.first { $0.symbol?.contains("readInTheWorker") == true })
        #expect(frame.file?.hasSuffix("CensusTestApp/Main.swift") == true && frame.line == line)
        #expect(!(worker.stack?.isCrashed ?? true))
    }

    @Test func theHolderOfALockIsNamed() throws {
        let program = try CensusProgram("locks", "FIFO")
        let census: ThreadCensus = try program.value()
        let worker = try #require(census.threads.first { $0.work?.worker == "hold the lock" })
        let first = try #require(census.threads.first { $0.name == "waits pthread" }?.wait?.lock)
        #expect(first.kind == .pthreadMutex && first.holder == worker.id)
        #expect(first.holderName.contains("worker 'hold the lock'"))
        let holder = try #require(census.threads.first { $0.name == "holds Mutex" })
        let second = try #require(census.threads.first { $0.name == "waits Mutex" }?.wait?.lock)
        #expect(second.kind == .mutex && second.holder == holder.id && second.holderName == "'holds Mutex'")
        // Nobody else is said to wait for a lock.
        #expect(census.threads.count { $0.wait?.lock != nil } == 2)
        let text = program.text()
        #expect(text.contains("pthread_mutex held by worker 'hold the lock' on 'pool-1' (\(worker.id))"))
        #expect(text.contains("Mutex held by 'holds Mutex' (\(holder.id))"))
    }

    @Test func aThreadThatCannotAnswerIsListedWithoutStack() throws {
        let program = try CensusProgram("silent")
        let census: ThreadCensus = try program.value()
        let asleep = try #require(census.threads.first { $0.name == "in the kernel" })
        #expect(asleep.state == .uninterruptible && asleep.stack == nil)
        #expect(asleep.wait?.systemCall?.contains("fork") == true && asleep.wait?.channel?.isEmpty == false)
        #expect(asleep.stackProblem?.contains("no signal gets through") == true)
        let deaf = try #require(census.threads.first { $0.name == "deaf" })
        #expect(deaf.stack == nil && deaf.wait?.systemCall == "pause")
        #expect(deaf.stackProblem?.contains("blocks SIGPROF") == true)
        let busy = try #require(census.threads.first { $0.name == "computes" })
        #expect(busy.state == .running && busy.stack?.frames.first?.symbol == "census_compute" && busy.cpuTime > .zero)
    }

    /// As one is that leaves a handler of signals and has lost the processor to another one. It is looked at for 25 ms, within which a busy
    /// machine may not run it at all: once in three times is enough.
    @Test func aThreadThatBlocksSignalsForAMomentAnswers() throws {
        var problems: [String?] = []
        repeat { problems.append(try whyThereIsNoStack()) } while problems.last != nil && problems.count < 3
        #expect(problems.last == .some(nil), "\(problems)")
    }

    private func whyThereIsNoStack() throws -> String? {
        let program = try CensusProgram("deaf-for-a-moment")
        let census: ThreadCensus = try program.value()
        let thread = try #require(census.threads.first { $0.name == "deaf a while" })
        let second: ThreadCensus = try program.value()
        let caller = try #require(second.threads.first { $0.kind == .main })
        #expect(caller.stack != nil, "\(caller.stackProblem ?? "")")
        return thread.stack == nil ? thread.stackProblem ?? "not said" : nil
    }

    @Test func whatChangedBetweenTwoIsSaid() throws {
        let program = try CensusProgram("silent")
        let census: ThreadCensus = try program.value()
        let changes: ThreadCensus.Changes = try program.value()
        #expect(changes.started.map(\.name) == ["late"] && changes.ended.isEmpty)
        let busy = try #require(census.threads.first { $0.name == "computes" })
        #expect(changes.used[busy.id] ?? .zero > .zero)
        let deaf = try #require(census.threads.first { $0.name == "deaf" })
        #expect(changes.used[deaf.id] == nil)
    }

    @Test func aThousandThreadsAnswer() throws {
        let program = try CensusProgram("many", "1100")
        let census: ThreadCensus = try program.value()
        let many = census.threads.filter { $0.name == "one of many" }
        #expect(many.count == 1_100)
        #expect(
            many.allSatisfy { $0.stack?.frames.contains { $0.symbol == "census_wait" } == true && $0.kind == .program })
        // Threads that all wait in the same place are one entry.
        let text = program.text()
        #expect(text.contains("and 1099 more") && text.split(separator: "\n").count < 60)
    }

    @Test func aSleepIsNotShortenedAndAReadGoesOn() throws {
        struct Seen: Decodable {
            var sleptMicroseconds: Int64
            var sleptUnderAll: Int64
            var read: Int64
            var refusal: String?
        }
        let program = try CensusProgram("quiet", "FIFO")
        #expect(program.line() == "reading")
        try program.feed("hello")
        let seen: Seen = try program.value()
        #expect(seen.sleptMicroseconds >= 300_000)
        #expect(seen.refusal?.contains("nanosleep would end early") == true)
        // That it can be seen at all: when all are interrupted, it ends early.
        #expect(seen.sleptUnderAll < 300_000)
        #expect(seen.read == 5)
    }

    @Test func aProfilerOfTheProgramGoesOn() throws {
        let program = try CensusProgram("profiler")
        let counts: [Int64] = try program.value()
        // Before; threads without a stack; after the census, which is none of its business; after one more signal of its own.
        #expect(counts == [1, 0, 1, 2, 3, 0, 3, 4])
    }

    /// Each time some threads are on their way out when they are to be asked, or none are.
    @Test(arguments: 1...12) func severalAtOnceTakeTurns(_ round: Int) throws {
        struct Seen: Decodable {
            var whole: Int
            var longest: Int
            var refusals: [String]
        }
        let program = try CensusProgram("at-once")
        let seen: Seen = try program.value()
        #expect(seen.whole == 100, "\(seen.refusals)")
        // They wait for those that answer, and not their two seconds for who is gone.
        #expect(seen.longest < 1_500)
    }
}
