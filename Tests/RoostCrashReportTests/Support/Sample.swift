import Foundation
import RoostCrashReport
import Testing

/// A crash of a real program, as its parent saw it; ``Fixtures/README.md`` says how they were made.
struct Sample {
    enum Build: String, CaseIterable {
        case debug
        case release
        case releaseWithoutDebugInfo = "release-without-debug-info"
    }

    let name: String
    var evidence: CrashEvidence

    var backtrace: [UInt8] {
        if case .file(let bytes) = evidence.backtrace { bytes } else { [] }
    }

    static func all(_ build: Build) throws -> [Sample] {
        let url = try #require(
            Bundle.module.url(forResource: build.rawValue, withExtension: "samples", subdirectory: "Fixtures"))
        let text = try String(contentsOf: url, encoding: .utf8)
        return text.components(separatedBy: "=== ").dropFirst().map(Sample.init(text:))
    }

    static func named(_ name: String, _ build: Build) throws -> Sample {
        try #require(try all(build).first { $0.name == name })
    }

    /// `name`, `signalled 4 process 12`, then what stands under `--- breadcrumb`, `--- stderr` and `--- backtrace`.
    private init(text: String) {
        let sections = text.components(separatedBy: "--- ")
        let head = sections[0].split(separator: "\n")
        name = String(head[0])
        let words = head[1].split(separator: " ")
        let number = Int32(words[1]) ?? -1
        func section(_ title: String) -> String {
            sections.first { $0.hasPrefix(title + "\n") }.map { String($0.dropFirst(title.count + 1)) } ?? ""
        }
        evidence = CrashEvidence(
            program: "crasher", process: Int32(words[3]) ?? -1,
            end: words[0] == "exited" ? .exited(number) : .signalled(number, coreDumped: false),
            signal: Self.signal(section("breadcrumb")), standardError: Array(section("stderr").utf8),
            backtrace: .file(Array(section("backtrace").utf8)))
    }

    private static func signal(_ breadcrumb: String) -> CrashSignal? {
        var values: [Substring: Substring] = [:]
        for pair in breadcrumb.split(whereSeparator: \.isWhitespace) {
            let parts = pair.split(separator: "=")
            values[parts[0]] = parts[1]
        }
        guard let number = values["signal"].flatMap({ Int32($0) }) else { return nil }
        return CrashSignal(
            number: number, code: values["code"].flatMap { Int32($0) },
            faultAddress: values["address"].flatMap { CrashAddress(hexadecimal: $0) },
            stackPointer: values["sp"].flatMap { CrashAddress(hexadecimal: $0) },
            thread: values["tid"].flatMap { Int32($0) })
    }
}
