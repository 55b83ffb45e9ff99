import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// A run of the program that uses Roost in odd ways, with its budget of one second.
struct OddProgram {
    static let budget = Duration.seconds(1)
    /// What a shutdown may take longer than its budget.
    static let slack = Duration.milliseconds(900)

    let workspace: Workspace
    let program: Program

    /// Starts it and waits until it is where the test wants it.
    init(_ word: String, untilReady: Bool = true, _ change: (inout Launch) -> Void = { _ in }) throws {
        workspace = try Workspace()
        var launch = Launch(Executables.odd, [word], in: workspace)
        change(&launch)
        program = try Program(launch)
        if untilReady {
            let program = program
            let isReady = program.wait { program.everything.contains("ready") }
            #expect(isReady, "\(word) did not get ready: \(program.everything)")
        }
    }

    /// Sends a signal; returns how long the program took to be gone.
    func end(by signal: Int32 = SIGTERM, limit: Duration = .seconds(20)) -> Duration {
        let begun = ContinuousClock.now
        program.send(signal)
        program.waitForEnd(within: limit)
        return (program.endedAt ?? .now) - begun
    }

    func report() throws -> ShutdownFacts {
        try #require(try workspace.report(of: "odd-program"), "no report")
    }

    /// Nothing of it exists any more.
    func expectNothingLeft() {
        #expect(program.sessionMembers.isEmpty)
    }
}

/// The line of a file of the odd program's sources that holds this text.
func line(of text: String, after mark: String, in file: String) throws -> Int {
    let path = Executables.package + "/Tests/OddProgram/" + file
    let lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
    let start = try #require(lines.firstIndex { $0.contains(mark) })
    return try #require(lines[start...].firstIndex { $0.contains(text) }) + 1
}
