import Foundation
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

private struct Hidden: IsolatedTask {
    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 1 }
}

/// Workers find tasks by the names of their types, and say which they do not have.
@Suite struct TaskTypeTests {
    /// The worker's main mentions no task at all; built for release, its linker strips what nobody uses.
    @Test func aTypeThatTheWorkerNeverMentionsIsFound() async throws {
        let pool = try SmokeTests.pool()
        let built = try await pool.run(HowBuilt())
        if let wanted = ProcessInfo.processInfo.environment["ROOST_TEST_BUILD"] { #expect(built == wanted) }
        #expect(try await pool.run(CountText("swift")) == 5)
        await pool.close()
    }

    @Test func privateAndLocalTypesAreRefusedByName() async throws {
        struct Local: IsolatedTask {
            func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 1 }
        }
        let pool = try SmokeTests.pool()
        for (ending, name) in [
            (await pool.start(Hidden()).ending, "Hidden"), (await pool.start(Local()).ending, "Local"),
        ] {
            let error = try #require(ending.poolError)
            #expect(error.code == .unknownTask && error.message.contains(name), "\(error)")
            #expect(error.message.contains("private"), "it says what to do: \(error)")
        }
        #expect(throws: ProcessPoolError.self) { _ = try pool.map([Hidden()]) }
        #expect(pool.processes == [], "a worker was started for nothing")
        await pool.close()
    }

    @Test func anExecutableWithoutTheTypeSaysWhoIsWho() async throws {
        let pool = try SmokeTests.pool { $0.executable = .path(TestWorker.otherPath) }
        let first = pool.start(Add(1, 2))
        let second = pool.start(Add(3, 4))
        let app = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        for handle in [first, second] {
            let error = try #require(await handle.ending.poolError)
            #expect(error.code == .unknownTask)
            #expect(error.message.contains("ProcessTestTasks.Add"), "\(error)")
            #expect(error.message.contains("/process-test-other-worker") && error.message.contains(app), "\(error)")
            let builds = error.message.matches(of: /build ([0-9a-f]{16,})/).map { String($0.output.1) }
            #expect(Set(builds).count == 2, "the builds of both: \(error)")
        }
        // Known by now: no payload goes out any more.
        #expect(await pool.start(Add(5, 6)).ending.poolError?.code == .unknownTask)
        await pool.close()
    }

    /// What is behind a long task in a worker whose tasks were short is taken back when another worker is free: also when its
    /// type had to be asked for, and that worker is too busy to answer.
    @Test func aNewTypeDoesNotWaitBehindALongTask() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool()
        for number in 0..<100 { _ = try await pool.run(Add(number, 1)) }
        let long = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in long.updates { break }
        let new = pool.start(CountText("four"))
        #expect(await new.ending(within: .seconds(5))?.kind == "finished")
        #expect(long.endingIfEnded == nil)
        Gate.open(corner.path("gate"))
        #expect(try await long.value == 7)
        await pool.close()
    }

    /// The same, with nobody else to run it: it ends at once when it is stopped.
    @Test func aTaskThatWaitsForItsTypeCanBeStopped() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.workers = 0...1 }
        for number in 0..<100 { _ = try await pool.run(Add(number, 1)) }
        let long = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in long.updates { break }
        let new = pool.start(CountText("four"))
        new.stop()
        let ending = await new.ending(within: .seconds(1))
        #expect(ending?.kind == "stopped")
        Gate.open(corner.path("gate"))
        #expect(try await long.value == 7)
        await pool.close()
    }

    // MARK: As bytes, or encoded

    /// Only numbers: goes as its bytes to a worker of the same executable.
    struct Plain: IsolatedTask {
        var count: Int16
        var ratio: Double
        var isOn: Bool
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
    }

    /// Says itself what of it crosses.
    struct Disguised: IsolatedTask {
        var number: Int
        init(number: Int) { self.number = number }
        init(from decoder: any Decoder) throws {
            number = try decoder.singleValueContainer().decode(Int.self) + 1_000
        }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(number + 1)
        }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { number }
    }

    struct Refusing: IsolatedTask {
        var number: Int
        func encode(to encoder: any Encoder) throws { throw CancellationError() }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { number }
    }

    /// The place is this process's own and stays here.
    struct LeavesOut: IsolatedTask {
        var number: Int
        var place = 0
        enum CodingKeys: CodingKey { case number }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { number }
    }

    @Test func aTaskThatSaysHowItIsEncodedIsTakenAtItsWord() {
        #expect(RawLayout.of(Plain(count: -3, ratio: 0.1, isOn: true)) != nil)
        #expect(RawLayout.of(Disguised(number: 1)) == nil)
        #expect(RawLayout.of(Refusing(number: 1)) == nil)
        #expect(RawLayout.of(LeavesOut(number: 1, place: 8)) == nil)
        // Not even if nobody could tell by the first one.
        #expect(RawLayout.of(LeavesOutText(number: 1)) == nil)
        #expect(RawLayout.of(Renames(name: "x")) == nil)
        #expect(RawLayout.of(Listing(names: [])) == nil)
        #expect(RawLayout.of(Counts(number: 1)) == nil)
        #expect(RawLayout.of(Hides(name: "x")) == nil)
        #expect(RawLayout.of(Composes(name: "e\u{301}")) == nil)
    }

    /// All keys are there, and another value.
    struct Counts: IsolatedTask {
        var number: Int
        init(number: Int) { self.number = number }
        enum CodingKeys: CodingKey { case number }
        init(from decoder: any Decoder) throws {
            number = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .number) + 1
        }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { number }
    }

    struct Hides: IsolatedTask, CustomReflectable {
        var name: String
        enum CodingKeys: CodingKey { case name }
        var customMirror: Mirror { Mirror(self, children: []) }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode("", forKey: .name)
        }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
    }

    /// Equal to Swift, and not the same name of a file.
    struct Composes: IsolatedTask {
        var name: String
        enum CodingKeys: CodingKey { case name }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name == "e\u{301}" ? "\u{e9}" : name, forKey: .name)
        }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
    }

    /// Trivial values that mean nothing in another process, and parts that may say themselves how they are encoded.
    @Test func onlyNumbersAndTextsGoAsTheyAreInMemory() {
        struct OfType { var type: any Any.Type }
        struct OfFunction { var call: @convention(c) (Int) -> Int }
        struct OfPointer { var pointer: OpaquePointer }
        struct OfStruct { var duration: Duration }
        struct OfWords { var words: StaticString }
        struct OfClass { var object: Held }
        struct OfOptional { var number: Int? }
        enum Choice { case one, two }
        struct OfChoice { var choice: Choice }
        struct OfNothing {}
        func layout<Value>(_: Value.Type) -> RawLayout? { RawLayout(of: Value.self) }
        let others: [any Any.Type] = [
            OfType.self, OfFunction.self, OfPointer.self, OfStruct.self, OfWords.self, OfClass.self, OfOptional.self,
            OfChoice.self, OfNothing.self, Choice.self, Held.self, Int.self, String.self,
        ]
        for type in others { #expect(_openExistential(type, do: layout) == nil, "\(type)") }
        #expect(layout(Labelled.self) != nil && layout(Plain.self)?.texts.isEmpty == true)
    }

    final class Held { var number = 1 }

    /// What it would take to look at it is more than it is worth.
    @Test func aLargeFirstTaskDecidesNothing() {
        struct Long: IsolatedTask {
            var text: String
            func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
        }
        #expect(RawLayout.of(Long(text: String(repeating: "x", count: 100_000))) == nil)
        #expect(RawLayout.of(Long(text: "x")) != nil)
        #expect(RawLayout.of(Long(text: String(repeating: "x", count: 100_000))) != nil)
    }

    /// The place is this process's own and stays here.
    struct LeavesOutText: IsolatedTask {
        var number: Int
        var place = ""
        enum CodingKeys: CodingKey { case number }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { number }
    }

    struct Renames: IsolatedTask {
        var name: String
        enum CodingKeys: String, CodingKey { case name = "called" }
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
    }

    struct Listing: IsolatedTask {
        var names: [String]
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
    }

    /// Numbers and texts: goes as its bytes, too, with the texts behind them.
    struct Labelled: IsolatedTask, Equatable {
        var isOn: Bool
        var label: String
        var number: Int
        var remark: String?
        func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
    }

    @Test func textsLieBehindTheBytes() throws {
        let tasks = ["", "short", "Zürich 👨‍👩‍👧‍👦", String(repeating: "long ", count: 20_000), "\0"].enumerated().map {
            Labelled(isOn: $0 % 2 == 0, label: $1, number: -$0, remark: $0 == 3 ? nil : $1 + "!")
        }
        let layout = try #require(RawLayout.of(tasks[1]))
        #expect(tasks[..<1].withUnsafeBufferPointer { layout.bytes(of: $0) }?[16..<32].allSatisfy { $0 == 0 } == true)
        #expect(tasks[..<1].withUnsafeBufferPointer { layout.bytes(of: $0) }?[40..<56].allSatisfy { $0 == 0 } == true)
        #expect(layout.texts.map(\.isOptional) == [false, true])
        for count in 1...tasks.count {
            let some = Array(tasks[..<count])
            let bytes = try #require(some.withUnsafeBufferPointer { layout.bytes(of: $0) })
            func values(_ bytes: [UInt8]) throws -> [Labelled] {
                try bytes.withUnsafeBytes { try layout.values(Labelled.self, count, from: $0) }
            }
            #expect(try values(bytes) == some)
            var damaged = [Array(bytes.dropLast()), bytes + [0], Array(bytes.prefix(8)), Array(bytes.prefix(3)), []]
            // Another layout; a text longer than all bytes, and one as long as can be said.
            damaged.append([bytes[0] ^ 1] + bytes[1...])
            for size in [UInt8(0xFF), 0x7F] {
                var bytes = bytes
                let place = 8 + count * MemoryLayout<Labelled>.stride
                bytes.replaceSubrange(place..<place + 4, with: [0xFE, 0xFF, 0xFF, size])
                damaged.append(bytes)
            }
            for bytes in damaged { #expect(throws: ProcessPoolError.self) { try values(bytes) } }
        }
    }

    /// A nil that was not written says nothing about what is written for others.
    @Test func aFirstTaskWithoutATextDecidesAgainst() {
        struct Absent: IsolatedTask {
            var remark: String?
            func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 0 }
        }
        #expect(RawLayout.of(Absent(remark: nil)) == nil)
        #expect(RawLayout.of(Absent(remark: "x")) == nil)
    }

    /// The app and its workers are one program: tasks of numbers and texts go as they are in memory.
    @Test func textsReachTheWorkersOfTheSameProgram() throws {
        #expect(RawLayout.of(Recite("text", 1, remark: "remark"))?.texts.count == 2)
        let app = try TestApp("texts")
        let text = app.output()
        #expect(app.status() == 0 && text.contains("alone: 200, in chunks: 2000"), "\(text)")
    }
}

extension WorkerEnding {
    /// What the pool said against it.
    var poolError: ProcessPoolError? {
        if case .failed(let error) = self { error as? ProcessPoolError } else { nil }
    }
}
