import Foundation
import Testing

extension CrashProgram {
    /// Starts it as the child of its own parent: `restart` as the program takes it.
    func supervised(_ action: String..., restart: String = "never", standardError: Pipe? = nil) throws -> Running {
        try start(action, environment: ["CRASH_TEST_SUPERVISED": restart], standardError: standardError)
    }

    /// The texts of the reports, the oldest first.
    var reportTexts: [String] {
        reports.filter { $0.hasSuffix(".txt") }.map {
            (try? String(contentsOfFile: "\(store)/reports/\($0)", encoding: .utf8)) ?? ""
        }
    }
}

extension CrashProgram.Running {
    /// The child of the parent that was started.
    func child() throws -> Int32 {
        let text = try String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
        return try #require(text.split(separator: " ").first.flatMap { Int32($0) }, "there is no child")
    }
}
