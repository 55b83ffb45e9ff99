import Foundation
import RoostCrashReport
import Testing

/// What a report makes of the crashes of a real program.
@Suite struct ReasonTableTests {
    private struct Row {
        let name: String
        let build: Sample.Build
        let expected: [String]
    }

    private static func rows() throws -> [Row] {
        let url = try #require(
            Bundle.module.url(forResource: "reasons", withExtension: "table", subdirectory: "Fixtures"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            let fields = $0.components(separatedBy: " | ")
            return Row(
                name: fields[0], build: try #require(Sample.Build(rawValue: fields[1])),
                expected: Array(fields.dropFirst(2)))
        }
    }

    @Test func everyRowHasItsReasonAndSource() throws {
        let samples = try Dictionary(
            uniqueKeysWithValues: Sample.Build.allCases.map { ($0, try Sample.all($0)) })
        let rows = try Self.rows()
        #expect(rows.count == samples.values.map(\.count).reduce(0, +))
        for row in rows {
            let sample = try #require(samples[row.build]?.first { $0.name == row.name })
            let report = CrashReport(sample.evidence)
            let reason = report.reason
            let found = [
                reason.kind.rawValue, reason.source.rawValue, reason.isCertain ? "certain" : "not certain",
                report.summary,
            ]
            #expect(found == row.expected, "\(row.name), \(row.build.rawValue)")
        }
    }

    /// The handler's note may be missing: then the wait status and the backtracer's file have to do.
    @Test(arguments: Sample.Build.allCases) func withoutAHandlersNoteTheReasonIsTheSame(build: Sample.Build) throws {
        for var sample in try Sample.all(build) where sample.name != "segv-raised" {
            let with = CrashReport(sample.evidence).reason
            sample.evidence.signal = nil
            let without = CrashReport(sample.evidence).reason
            // Only the handler knows how the kernel divides arithmetic failures.
            if sample.name == "divide-c" {
                #expect(without.source == .signal && !without.isCertain)
            } else {
                #expect(without == with, "\(sample.name)")
            }
        }
    }

    @Test(arguments: Sample.Build.allCases) func withoutABacktraceTheTextAndTheSignalStillSpeak(
        build: Sample.Build
    ) throws {
        for var sample in try Sample.all(build) {
            let with = CrashReport(sample.evidence).reason
            sample.evidence.backtrace = .file([])
            let report = CrashReport(sample.evidence)
            #expect(report.threads.isEmpty && report.backtraceProblem == "the backtracer wrote nothing")
            #expect(report.description.contains("no backtrace: the backtracer wrote nothing"))
            if with.source != .backtrace { #expect(report.reason.source == with.source, "\(sample.name)") }
            if with.source == .backtrace { #expect(!report.reason.isCertain, "\(sample.name)") }
        }
    }

    @Test func aSignalThatWasSentIsSaidToBeSo() throws {
        let report = CrashReport(try Sample.named("segv-raised", .debug).evidence)
        #expect(report.end == .exited(0) && report.signal?.number == 11 && report.signal?.faultAddress == nil)
        #expect(!report.reason.isCertain)
    }

    @Test func whatIsPrintedAfterTheMessageIsKept() throws {
        let reason = CrashReport(try Sample.named("fatal-lines", .release).evidence).reason
        #expect(reason.message == "Fatal error: the shelf is full" && reason.file == "crasher/main.swift")
        #expect(reason.line == 31 && reason.details == ["of books: 7", "Fatal error: not this one"])
        let access = CrashReport(try Sample.named("exclusive", .release).evidence).reason
        #expect(access.details.count == 1 && access.details[0].hasPrefix("Previous access (a modification) started at"))
    }
}
