import Glibc
import RoostCrashReport
import Testing

/// What a crashed process printed is read in the app: whatever it is, the app must not crash of it.
@Suite struct PrintedFuzzTests {
    /// The beginnings, middles and ends of all lines that the readers know.
    private static let pieces = [
        "Fatal error", "Precondition failed", "Assertion failed", ".swift:", "a/b.swift:1: Fatal error: full",
        "main.swift:99999999999999999999: Fatal error: ", "crasher/main.swift:3: Precondition failed", "Fatal error: ",
        "Fatal error: Attempted to ", "failed to allocate ", "Could not cast value of type '", " to '", " (0x", ")",
        "Fatal access conflict detected.", "Simultaneous accesses to 0x", "Previous access (",
        "terminate called after throwing an instance of '", "  what():  ", "terminate called without ", "libc++abi: ",
        "pure virtual method", "free(): ", "malloc(): invalid size", "*** stack smashing detected ***",
        "double free or corruption", "Fatal glibc error: ", ": Assertion `", "' failed.", "p: f.c:17: void f(int)",
        "x:ERROR:f.c:7:f: ", "x:ERROR:", "(process:7): GLib-ERROR **: ", "ERROR **: ", "12:34:56.789: ", "thread '",
        "' panicked at ", "thread 'x' panicked at y:", "thread 'x' panicked at 'text', y", "memory allocation of ",
        " bytes failed", "panic in a function that cannot unwind", ": error while loading shared libraries: ",
        ": symbol lookup error: ", "==7==ERROR: ", "AddressSanitizer: ", "==", "Sanitizer: ", "*** Signal ",
        "*** Signal 4: Backtracing from 0x7f", ": Backtracing from ", "*** Signal 99999999999: Backtracing from ",
        "swift-runtime: ", "swift runtime: ", "swift-backtrace: ", "{ \"timestamp\": ", ":", ": ", "'", "/", " ", "12",
        "٣", "\u{301}", "é", "👩‍👩‍👧", "\u{FEFF}", "\u{2028}", "\u{0}", "\t",
    ]
    private static let ends = ["\n", "\n", "\n", "\r\n", "\n\n", ""]
    private static let signals: [Int32?] = [nil, 4, 5, 6, 7, 8, 9, 11, 31]

    @Test func nothingThatIsPrintedTraps() {
        let given = getenv("ROOST_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0 ... .max)
        print("nothingThatIsPrintedTraps: ROOST_SEED=\(seed)")
        var state = seed
        /// SplitMix64.
        func random(_ count: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(count))
        }
        for _ in 0..<4_000 {
            var text = ""
            for _ in 0..<random(8) {
                for _ in 0..<1 + random(4) { text += Self.pieces[random(Self.pieces.count)] }
                text += Self.ends[random(Self.ends.count)]
            }
            var bytes = Array(text.utf8)
            // Cut off anywhere, in the middle of a character, too, at both ends.
            if random(2) == 0 { bytes.removeLast(random(bytes.count + 1)) }
            if random(4) == 0 { bytes.removeFirst(random(bytes.count + 1)) }
            if !bytes.isEmpty, random(8) == 0 { bytes[random(bytes.count)] = UInt8(random(256)) }
            let signal = Self.signals[random(Self.signals.count)]
            let report = CrashReport(
                CrashEvidence(
                    program: "crasher", process: 7,
                    end: signal.map { .signalled($0, coreDumped: false) } ?? .exited([0, 1, 127][random(3)]),
                    standardError: bytes, standardErrorIsCut: random(2) == 0))
            #expect(!report.description.isEmpty && report.reason.details.count <= CrashReason.mostDetails)
        }
    }

    /// Nothing is below the line that announces a text, or only what the runtime says of its own work.
    @Test(arguments: [
        "thread 'x' panicked at y:", "thread 'x' panicked at y:\n", "reading\nthread 'x' panicked at y:",
        "thread 'x' panicked at y:\n*** Signal 6: Backtracing from 0x7f9... done ***\n",
        "*** Signal 6: Backtracing from 0x7f9... done ***\nthread 'x' panicked at y:",
    ])
    func aPanicWithoutItsText(text: String) {
        let reason = CrashReason(end: .signalled(6, coreDumped: false), signal: nil, standardError: text)
        #expect(reason.kind == .fatalError && reason.message == "panicked at y:" && reason.details.isEmpty, "\(reason)")
    }

    /// A stored report may hold any numbers.
    @Test func aReportWithAbsurdNumbersCanBeRead() {
        let reason = CrashReason(kind: .abort, message: "abort was called", source: .signal)
        let crashed = CrashThread(
            isCrashed: true, frames: [CrashFrame(symbol: "f()")], omittedFrames: .max, omittedAt: .max)
        let report = CrashReport(
            program: "crasher", process: 7, end: .exited(0), reason: reason,
            threads: [crashed] + (0..<40).map { _ in CrashThread() }, omittedThreads: .max)
        #expect(crashed.isDeeplyRecursive && report.description.contains("\(Int.max) more"))
    }
}
