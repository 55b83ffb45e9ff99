import Foundation
import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// Programs that do not begin with `WorkerEntry.serveIfWorker()`: nothing of them is seen twice, and nothing is started without end.
@Suite(.serialized) struct ForgetfulProgramTests {
    /// What the other program printed, with such variables, started by hand.
    private func run(_ way: String, _ arguments: [String], _ corner: Corner) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestWorker.otherPath)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["ROOST_TEST_FORGETS": way, "ROOST_TEST_STARTS": corner.path("starts")]
        ) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    @Test func aSelfTestDoesNotStartItselfWithoutEnd() throws {
        let corner = try Corner()
        let text = try run("self-test", [], corner)
        #expect(text.contains("WorkerEntry.serveIfWorker()"), "\(text)")
        #expect(RunLogFile.numbers(in: corner.path("starts")).count == 2)
    }

    @Test func aSelfTestDoesNotWaitForEver() throws {
        let corner = try Corner()
        let text = try run("self-test, sleeps", ["first"], corner)
        #expect(text.contains("WorkerEntry.serveIfWorker()") && text.contains("within 1 s"), "\(text)")
        #expect(RunLogFile.numbers(in: corner.path("starts")).count == 2)
    }
}
