import Foundation
import RoostCrashReport
import Testing

@Suite struct BacktraceDocumentTests {
    private func document(_ text: String, limit: Int = 1 << 24) throws(BacktraceFormatError) -> BacktraceDocument {
        try BacktraceDocument(json: Array(text.utf8), limit: limit)
    }

    private func code(_ text: String) -> BacktraceFormatError.Code? {
        do {
            _ = try document(text)
            return nil
        } catch { return error.code }
    }

    private func crash(frames: some Sequence<String>) -> String {
        #"{ "kind": "crashReport", "threads": [ { "name": "t", "crashed": true, "frames": ["#
            + frames.joined(separator: ", ") + "] } ] }"
    }

    @Test func aWholeFileIsRead() throws {
        let document = try BacktraceDocument(json: Sample.named("overflow", .debug).backtrace)
        #expect(document.damage == nil && document.summary == "Swift runtime failure: arithmetic overflow")
        #expect(document.isTrapInstruction == true && document.stackPointer != nil)
        // 2026-11-21, some time of the day.
        #expect(document.capturedAt.map { ($0 - 1_795_219_200) / 86_400 } == 0)
        let thread = try #require(document.crashedThread)
        #expect(thread.name == "crasher" && thread.frames.count == 4)
        let note = thread.frames[0]
        #expect(note.isRuntimeFailure && note.isInlined && note.place == nil && document.faultAddress == note.address)
        let own = thread.frames[1]
        #expect(own.symbol == "overflow()" && own.image == "crasher" && own.offset == 47 && own.isOwnCode)
        #expect(own.place == "/app/Sources/crasher/main.swift:13" && own.column == 38)
    }

    @Test func whatIsNoBacktraceIsRefusedWithAReason() {
        #expect(code("") == .empty)
        #expect(code("{") == .truncated)
        #expect(code("[1, 2]") == .notABacktrace && code("12") == .notABacktrace && code("{}") == .notABacktrace)
        #expect(code(#"{ "kind": "profile", "threads": [] }"#) == .notABacktrace)
        #expect(code("swift-backtrace: no such process") == .notABacktrace)
        #expect(code("{ kind }") == .notJSON && code(#"{ "kind" "crashReport" }"#) == .notJSON)
        #expect(code(String(repeating: #"{"a":"#, count: 500)) == .notJSON)
        #expect(code(String(repeating: "\0", count: 5_000)) == .notABacktrace)
    }

    @Test func anotherVersionIsReadAsFarAsItIsKnown() throws {
        let text = #"""
            { "version": [7, {"x": null}], "kind": "crashReport", "faultAddress": 12, "description": ["a"], "threads": [
            { "name": 5, "id": 12, "crashed": true, "frames": [ { "address": "0x10", "symbol": "f", "new": {"a": [1.5e3]} },
            { "kind": "omittedFrames", "count": -4 }, "nonsense", 12, null, { "address": "zz" } ] }, [] ], "images": true }
            """#
        let document = try document(text)
        #expect(document.damage == nil && document.faultAddress == nil && document.summary == nil)
        #expect(document.crashedThread?.frames.map(\.symbol) == ["f"] && document.crashedThread?.name == nil)
    }

    @Test func escapesAreRead() throws {
        let text = crash(frames: [
            #"{ "address": "0x1", "description": "a \"b\" \u00e9\ud83d\ude00\n\/ \ud83d" }"#
        ])
        let symbol = try #require(try document(text).crashedThread?.frames[0].symbol)
        #expect(symbol.hasPrefix("a \"b\" é😀\n/ ") && symbol.unicodeScalars.last == "\u{FFFD}")
    }

    /// The backtracer may be killed while it writes.
    @Test(arguments: Sample.Build.allCases) func truncationNeverTraps(build: Sample.Build) throws {
        for sample in try Sample.all(build) where !sample.backtrace.isEmpty {
            let bytes = sample.backtrace
            let whole = try BacktraceDocument(json: bytes)
            for length in stride(from: 0, to: bytes.count - 2, by: sample.name == "index" ? 7 : 97) {
                do {
                    let part = try BacktraceDocument(json: Array(bytes[..<length]))
                    #expect(part.damage?.code == .truncated)
                    #expect(part.threads.count <= whole.threads.count)
                    var evidence = sample.evidence
                    evidence.backtrace = .file(Array(bytes[..<length]))
                    let report = CrashReport(evidence)
                    let words = report.threads.isEmpty ? "no backtrace: cut off" : "the backtrace is not whole: cut off"
                    #expect(report.description.contains(words))
                } catch { #expect([.empty, .truncated].contains(error.code), "\(length)") }
            }
        }
    }

    @Test func whatCameBeforeTheCutIsKept() throws {
        let bytes = try Sample.named("sleepers", .debug).backtrace
        let text = String(decoding: bytes, as: UTF8.self)
        let cut = try #require(text.range(of: "sleeper 4"))
        let document = try document(String(text[..<cut.lowerBound]))
        #expect(document.damage?.code == .truncated && document.threads.compactMap(\.name).count == 5)
        #expect(document.crashedThread?.ownFrame?.symbol == "readIndex(_:)")
    }

    @Test func damageNeverTraps() throws {
        let given = ProcessInfo.processInfo.environment["ROOST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0 ... .max)
        print("damageNeverTraps: ROOST_SEED=\(seed)")
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let original = try Sample.named("task", .debug).backtrace
        for _ in 0..<300 {
            var bytes = original
            for _ in 0...next(8) { bytes[next(bytes.count)] = UInt8(next(256)) }
            let report = CrashReport(
                CrashEvidence(
                    program: "crasher", process: 1, end: .signalled(4, coreDumped: false), backtrace: .file(bytes)))
            #expect(report.description.split(separator: "\n").count < 100)
        }
    }

    @Test func fiftyThousandFramesAreBounded() throws {
        let frames = (0..<50_000).lazy.map {
            #"{ "address": "0x\#(String($0 % 5, radix: 16))", "symbol": "f\#($0 % 5)" }"#
        }
        let thread = try #require(try document(crash(frames: frames)).crashedThread)
        #expect(thread.frames.count == CrashThread.mostFrames && thread.omittedFrames == 50_000 - 128)
        #expect(thread.omittedAt == 96 && thread.frames.last?.symbol == "f4" && thread.frames[96].symbol == "f3")
        #expect(thread.isDeeplyRecursive && thread.description.split(separator: "\n").count < 25)
    }

    @Test func manyThreadsAreBoundedAndTheCrashedOneIsKept() throws {
        let threads = (0..<5_000).map {
            #"{ "name": "n\#($0)"\#($0 == 4_000 ? #", "crashed": true"# : ""), "frames": [] }"#
        }
        let document = try document(
            #"{ "kind": "crashReport", "threads": [ \#(threads.joined(separator: ", ")) ], "omittedThreads": 3 }"#)
        #expect(document.threads.count == BacktraceDocument.mostThreads && document.crashedThread?.name == "n4000")
        #expect(document.omittedThreads == 5_003 - BacktraceDocument.mostThreads)
    }

    @Test func moreThanTheLimitIsNotRead() throws {
        let frames = (0..<1_000).lazy.map { #"{ "address": "0x\#(String($0, radix: 16))" }"# }
        let text = crash(frames: frames)
        let document = try document(text, limit: text.utf8.count / 2)
        #expect(document.damage?.code == .tooLarge && document.crashedThread?.frames.isEmpty == false)
    }

    /// Without symbols there are addresses, and they are shown.
    @Test func addressesAlone() throws {
        let thread = try #require(
            try document(crash(frames: [#"{ "kind": "programCounter", "address": "0x00ff" }"#])).crashedThread)
        #expect(thread.ownFrame == nil && thread.description.contains("0xff"))
    }

    /// The backtracer of Swift 6.3 mixes up the lines of inlined functions.
    @Test func linesOfInlinedFunctionsArePutRight() throws {
        let frames = try #require(
            try BacktraceDocument(json: Sample.named("index", .release).backtrace).crashedThread?.frames)
        #expect(frames.map(\.line) == [nil, 11, 25, 108])
        #expect(
            frames.map(\.symbol) == [
                "specialized Array.subscript.getter", "readIndex(_:)", "crash(_:)", "crasher_main",
            ])
        #expect(frames.map(\.isReordered) == [true, true, true, false] && frames[0].isSystem && frames[1].isOwnCode)
        let untouched = try #require(
            try BacktraceDocument(json: Sample.named("nil", .release).backtrace).crashedThread?.frames)
        #expect(untouched.allSatisfy { !$0.isReordered } && untouched.map(\.line) == [nil, 12, 26, 108])
    }
}
