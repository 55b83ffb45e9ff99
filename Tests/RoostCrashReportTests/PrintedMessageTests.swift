import RoostCrashReport
import Testing

/// Which lines of standard error are taken for the reason.
@Suite struct PrintedMessageTests {
    private func reason(
        _ text: String, signal: Int32 = 4, isCut: Bool = false, end: ProcessEnd? = nil
    ) -> CrashReason {
        CrashReason(
            end: end ?? .signalled(signal, coreDumped: false), signal: nil, standardError: text, isCut: isCut)
    }

    @Test(arguments: [
        "Fatal error: the shelf is full\n",
        "note: main.swift:3: Fatal error: caught and logged\n",
        "2026-01-01 crasher/main.swift:3: Fatal error\n\nreading\n",
        "main.swift:x: Fatal error: no line\n",
        "main.swift:3: Fatal errors: 4\n",
        "error in main.swift:3: Fatal error: caught\nreading\n",
        "Could not cast value\n", "free() is a function of C\n",
        "\n*** Signal 4: Backtracing from 0x7f9... done ***\n\n",
        "*** Signal 4: Backtracing from 0x7f9...Fatal error: failed to allocate 272 bytes of memory\n",
        "{ \"timestamp\": \"2026-01-01T00:00:00Z\", \"description\": \"main.swift:3: Fatal error: x\" }\n",
    ])
    func ordinaryOutputIsNoReason(text: String) {
        #expect(reason(text).source == .signal, "\(text)")
    }

    /// Such a line ends a process by certain signals only: after another end it was printed by somebody else.
    @Test func aMessageThatDoesNotFitTheEndIsNoReason() {
        let swift = "crasher/main.swift:3: Fatal error: full\n"
        #expect(reason(swift, signal: 9).kind == .killed)
        #expect(reason(swift, signal: 11).kind == .badPointer)
        #expect(reason(swift, end: .exited(3)).kind == .exited)
        #expect(reason("free(): invalid pointer\n", signal: 4).kind == .failedCheck)
        #expect(reason("free(): invalid pointer\n", signal: 6).kind == .memoryDamage)
        #expect(reason(swift, signal: 5).kind == .fatalError)
    }

    @Test func theLastMessageWins() {
        let text = "a/b.swift:1: Fatal error: first\nreading\na/c.swift:2: Precondition failed: second\n\n"
        #expect(reason(text).message == "Precondition failed: second" && reason(text).file == "a/c.swift")
        #expect(reason(text).line == 2 && reason(text).kind == .precondition)
    }

    @Test func aMessageFromAfterTheBacktraceBeganIsAnotherThreads() {
        let chatter = "\n*** Signal 4: Backtracing from 0x7f9... done ***\n\n"
        let both = "a/b.swift:1: Fatal error: ours\n\(chatter)a/c.swift:2: Fatal error: theirs\n"
        #expect(reason(both).message == "Fatal error: ours" && reason(both).details.isEmpty)
        #expect(reason("\(chatter)a/c.swift:2: Fatal error: theirs\n").message == "Fatal error: theirs")
    }

    /// The runtime says which signal it handles, also if the process then ends in another way.
    @Test func theAnnouncedSignalCounts() {
        let text = "a/b.swift:1: Fatal error: full\n\n*** Signal 4: Backtracing from 0x7f9... done ***\n"
        #expect(reason(text, end: .exited(0)).message == "Fatal error: full")
        let report = CrashReport(
            CrashEvidence(
                program: "crasher", process: 7, end: .signalled(9, coreDumped: false), standardError: Array(text.utf8)))
        #expect(report.signal?.number == 4 && report.reason.kind == .fatalError)
        #expect(report.description.contains("SIGILL") && report.description.contains("ended by SIGKILL"))
    }

    @Test func halfALineAtTheBeginningIsNotRead() {
        let text = "a/b.swift:1: Fatal error: half of a line\nreading\n"
        #expect(reason(text).kind == .fatalError)
        #expect(reason(text, isCut: true).source == .signal)
        #expect(reason("…\na/b.swift:1: Fatal error: full\n", isCut: true).kind == .fatalError)
        let exclusivity = "ified> + 39636\n3  libc.so.6  0x00007f <unavailable> + 1\nFatal access conflict detected.\n"
        #expect(reason(exclusivity, signal: 6, isCut: true).kind == .exclusivity)
    }

    @Test func aMessageBehindOtherOutputIsNotCertain() {
        let found = reason("reading… 10%crasher/main.swift:9: Fatal error: full\n")
        #expect(found.message == "Fatal error: full" && !found.isCertain && found.file == "crasher/main.swift")
        // One more line of the program's own, and nobody knows.
        #expect(reason("reading… 10%crasher/main.swift:9: Fatal error: full\nmore\n").source == .signal)
    }

    /// A worker may print just such a line, of a process that it watches for instance.
    @Test func aMessageThatTheCrashedThreadDidNotPrintIsNotBelieved() throws {
        for name in ["overflow", "nil"] {
            var evidence = try Sample.named(name, .release).evidence
            let before = CrashReport(evidence).reason
            evidence.standardError = Array("a/b.swift:1: Fatal error: of another\n".utf8) + evidence.standardError
            #expect(CrashReport(evidence).reason == before)
        }
        var evidence = try Sample.named("overflow", .releaseWithoutDebugInfo).evidence
        evidence.standardError = Array("a/b.swift:1: Fatal error: of another\n".utf8)
        #expect(!CrashReport(evidence).reason.isCertain)
        evidence.standardError = Array("told of a/b.swift:1: Fatal error: of another\n".utf8)
        #expect(CrashReport(evidence).reason.source == .signal)
    }

    @Test func messagesOfLibraries() {
        let libcxx = reason("libc++abi: terminating due to uncaught exception of type E: full\n", signal: 6)
        #expect(libcxx.kind == .uncaughtException && libcxx.message.hasSuffix("type E: full"))
        let assertion = reason("crasher: a/b.c:17: void f(int): Assertion `n > 3' failed.\n", signal: 6)
        #expect(assertion.kind == .assertion && assertion.file == "a/b.c" && assertion.line == 17)
        #expect(assertion.message == "Assertion `n > 3' failed.")
        let glib = reason("**\nGtk:ERROR:../gtk/gtkmain.c:77:gtk_main: assertion failed: (ready)\n", signal: 6)
        #expect(glib.kind == .assertion && glib.file == "../gtk/gtkmain.c" && glib.line == 77)
        let noMemory = "(process:7): GLib-ERROR **: 12:34:56.789: ../glib/gmem.c:136: failed to allocate 9 bytes"
        #expect(reason("\n\(noMemory)\n", signal: 5).message == "../glib/gmem.c:136: failed to allocate 9 bytes")
        #expect(reason("(p:7): Gtk-ERROR **: no display\n", signal: 5).message == "no display")
        #expect(reason("(p:7): Gtk-WARNING **: no display\n", signal: 5).source == .signal)
        let panic = reason(
            "thread 'main' panicked at src/a.rs:2:5:\nindex out of bounds\nnote: run with …\n", signal: 6)
        #expect(panic.kind == .fatalError && panic.message == "panicked at src/a.rs:2:5: index out of bounds")
        #expect(panic.details == ["note: run with …"])
        let before = "thread '<unnamed>' panicked at 'assertion failed', src/a.rs:2:5\n"
        let again = "thread '<unnamed>' panicked at core/panicking.rs:9:5:\npanic in a function that cannot unwind\n"
        #expect(reason(before, signal: 6).message == "panicked at 'assertion failed', src/a.rs:2:5")
        #expect(reason(before + again, signal: 6).message == "panicked at 'assertion failed', src/a.rs:2:5")
        #expect(
            reason("memory allocation of 9 bytes failed\n", signal: 6).message == "memory allocation of 9 bytes failed")
        let loader = reason("crasher: error while loading shared libraries: libx.so: not found\n", end: .exited(127))
        #expect(loader.kind == .notLoaded && loader.message.hasSuffix("libx.so: not found"))
        let sanitizer = reason("==7==ERROR: AddressSanitizer: heap-use-after-free on 0x1\n", end: .exited(1))
        #expect(sanitizer.kind == .memoryDamage && sanitizer.message.hasPrefix("AddressSanitizer: heap"))
        #expect(reason("Fatal error: something\n", signal: 6).doubt == "the program may have printed it itself")
        #expect(reason("terminate called without an active exception\n", signal: 6).kind == .uncaughtException)
    }

    @Test func longAndStrangeOutputIsBounded() {
        let long = String(repeating: "x", count: 100_000)
        let found = reason("a/b.swift:1: Fatal error: \(long)\n" + String(repeating: "\(long)\n", count: 20))
        #expect(found.message.count <= 1_000 && found.details.count == CrashReason.mostDetails)
        #expect(found.details.allSatisfy { $0.count <= 400 })
        let report = CrashReport(
            program: "p\u{1B}[2J", process: 1, end: .signalled(4, coreDumped: false), reason: found)
        #expect(!report.description.contains("\u{1B}") && report.summary.count < 600)
    }
}
