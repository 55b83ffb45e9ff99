import RoostCrashReport
import Testing

@Suite struct CrashReportTests {
    @Test(arguments: Sample.Build.allCases) func everyReportComesBackFromItsJSON(build: Sample.Build) throws {
        for sample in try Sample.all(build) {
            let report = CrashReport(sample.evidence)
            #expect(try CrashReport(json: report.json) == report, "\(sample.name)")
        }
    }

    @Test func textThatIsNoReportIsRefused() {
        let report = CrashReport(
            program: "p", process: 1, end: .exited(3),
            reason: CrashReason(kind: .exited, message: "m", source: .exitStatus))
        #expect(report.json.contains(#""format":"roost-crash-1""#) && report.json.hasSuffix("}\n"))
        for text in ["", "{}", "[]", report.json.replacing("roost-crash-1", with: "roost-crash-2"), "{\"format\":1}"] {
            #expect(throws: CrashReportFormatError.self) { try CrashReport(json: text) }
        }
    }

    @Test(arguments: Sample.Build.allCases) func everyTextIsShort(build: Sample.Build) throws {
        for sample in try Sample.all(build) {
            let lines = CrashReport(sample.evidence).description.split(separator: "\n")
            #expect(lines.count < 40 && lines.allSatisfy { $0.count < 300 }, "\(sample.name)")
        }
    }

    @Test func theTextOfOneCrash() throws {
        let report = CrashReport(try Sample.named("sleepers", .debug).evidence)
        let lines = report.description.split(separator: "\n").map(String.init)
        #expect(
            Array(lines.prefix(9)) == [
                "SIGILL (illegal instruction): Fatal error: Index out of range, in readIndex(_:) at crasher/main.swift:11",
                "  crasher, process 23803, ended by SIGILL",
                "  thread 'crasher' (23803) crashed:",
                "       … 3 frames of the runtime, the innermost closure #1 in closure #1 in "
                    + "_assertionFailure(_:_:file:line:flags:)",
                "    3  readIndex(_:) at /app/Sources/crasher/main.swift:11",
                "    4  crash(_:) at /app/Sources/crasher/main.swift:87",
                "    5  crasher_main at /app/Sources/crasher/main.swift:108",
                "  other threads:",
                "    thread 'sleeper 0' in clock_nanosleep",
            ])
        #expect(lines.count == 16)
    }

    @Test func whatIsNotCertainIsSaidPlainly() throws {
        let text = CrashReport(try Sample.named("overflow", .releaseWithoutDebugInfo).evidence).description
        #expect(text.contains("(not certain), in crash(_:)\n"))
        #expect(text.contains("\n  not certain: an optimised build prints no text for it"))
    }

    @Test(arguments: ["stack", "stack-thread"]) func aStackOverflowIsFolded(name: String) throws {
        for build in Sample.Build.allCases {
            let report = CrashReport(try Sample.named(name, build).evidence)
            #expect(report.reason.kind == .stackOverflow && report.reason.isCertain)
            #expect(try #require(report.crashedThread).omittedFrames > 50_000)
            #expect(report.description.contains("frames not kept") && report.description.contains("times more"))
        }
    }

    @Test func addressesTellBadPointersFromStackOverflows() {
        func reason(address: CrashAddress?, stack: CrashAddress? = 0x7000_0000, code: Int32 = 1) -> CrashReason {
            let signal = CrashSignal(number: 11, code: code, faultAddress: address, stackPointer: stack, thread: 1)
            return CrashReason(end: .signalled(11, coreDumped: true), signal: signal, standardError: "")
        }
        #expect(reason(address: 0x6FFF_FFF8).kind == .stackOverflow && !reason(address: 0x6FFF_FFF8).isCertain)
        // A large frame is touched at its far end first.
        #expect(reason(address: 0x7008_0000).kind == .stackOverflow)
        #expect(reason(address: 0x6000_0000).message == "bad pointer 0x60000000")
        #expect(reason(address: 0x8).message == "bad pointer 0x8, near null")
        #expect(reason(address: nil).kind == .badPointer && !reason(address: nil).isCertain)
        #expect(reason(address: 0, code: 128).message == "a bad pointer that is no address at all")
        #expect(reason(address: 0x99, code: 0).kind == .signal)
    }

    @Test func aTextThatIsNotThereIsMissed() throws {
        var evidence = try Sample.named("fatal", .release).evidence
        evidence.standardError = []
        let reason = CrashReport(evidence).reason
        #expect(reason.kind == .failedCheck && reason.doubt?.hasPrefix("its text was printed") == true)
    }

    @Test func waitStatusesAreRead() {
        #expect(ProcessEnd(waitStatus: 0x0300) == .exited(3) && ProcessEnd(waitStatus: 0) == .exited(0))
        #expect(ProcessEnd(waitStatus: 0x8B) == .signalled(11, coreDumped: true))
        #expect(ProcessEnd(waitStatus: 9) == .signalled(9, coreDumped: false))
        #expect(ProcessEnd(waitStatus: 0x137F) == nil && ProcessEnd(waitStatus: 0xFFFF) == nil)
        #expect("\(ProcessEnd.signalled(11, coreDumped: true))" == "ended by SIGSEGV, core dumped")
        #expect("\(ProcessEnd.signalled(60, coreDumped: false))" == "ended by signal 60")
    }

    @Test func otherEndsHaveTheirReasons() {
        func kind(_ signal: Int32) -> CrashReason.Kind {
            CrashReason(end: .signalled(signal, coreDumped: false), signal: nil, standardError: "").kind
        }
        #expect(
            kind(24) == .limit && kind(25) == .limit && kind(9) == .killed && kind(6) == .abort && kind(31) == .signal)
        let reason = CrashReason(end: .exited(0), signal: nil, standardError: "")
        #expect(reason.source == .exitStatus && reason.message == "exited with status 0 without having been asked to")
    }

    @Test func manyThreadsAndFramesStayReadable() {
        let frames = (0..<128).map { CrashFrame(address: .init(rawValue: $0), symbol: "f\($0)", image: "p") }
        var threads = (0..<200).map { CrashThread(name: "worker \($0)", frames: frames) }
        threads[17].isCrashed = true
        let report = CrashReport(
            program: "p", process: 1, end: .signalled(11, coreDumped: false), signal: .init(number: 11),
            reason: CrashReason(kind: .badPointer, message: "bad pointer 0x8", source: .signal), threads: threads,
            omittedThreads: 4)
        let text = report.description
        #expect(text.split(separator: "\n").count < 80 && text.contains("lines left out"))
        #expect(text.contains("… 171 more") && text.contains("  127  f127 in p") && text.contains("    0  f0 in p"))
    }

    @Test func addressesAreTextsInJSON() throws {
        #expect(CrashAddress(hexadecimal: "0x00ff") == 0xFF && CrashAddress(hexadecimal: "FF") == 0xFF)
        for text in ["", "0x", "+1", "-1", "0x+1", "g", "0x1_0", "11112222333344445"] {
            #expect(CrashAddress(hexadecimal: text) == nil, "\(text)")
        }
        let report = CrashReport(try Sample.named("null-pointer", .debug).evidence)
        #expect(report.json.contains(#""faultAddress":"0x4""#))
    }
}
