#if ServiceLifecycle
import Foundation
import Roost

/// The program `service-test-app`, run to its end.
enum ServiceProgram {
    private static let app =
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/service-test-app"

    struct Outcome {
        let lines: [String]
        let status: Int32
        let wasSignalled: Bool
        let report: ShutdownReport
        /// What it wrote beside its report.
        let log: [String]
        let numbers: [String]
    }

    /// Runs the program, sends the signal once it says that it is ready, and reads what it left.
    static func run(_ mode: String, signal: Int32?) throws -> Outcome {
        let path = NSTemporaryDirectory() + "roost-service-\(UUID().uuidString).json"
        func lines(_ ending: String) -> [String] {
            let text = try? String(contentsOfFile: path + ending, encoding: .utf8)
            return (text ?? "").split(separator: "\n").map(String.init)
        }
        defer { for ending in ["", ".log", ".numbers"] { try? FileManager.default.removeItem(atPath: path + ending) } }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: app)
        process.arguments = [mode, path]
        let output = Pipe()
        process.standardOutput = output
        try start(process)
        var text = ""
        var isSent = signal == nil
        // Should it hang, its end is the test's failure.
        let hang = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: hang)
        while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            text += String(decoding: data, as: UTF8.self)
            if !isSent, let signal, text.contains("ready\n") {
                isSent = true
                kill(process.processIdentifier, signal)
            }
        }
        process.waitUntilExit()
        hang.cancel()
        return Outcome(
            lines: text.split(separator: "\n").map(String.init), status: process.terminationStatus,
            wasSignalled: process.terminationReason == .uncaughtSignal,
            report: try ShutdownReport(json: String(contentsOfFile: path, encoding: .utf8)),
            log: lines(".log"), numbers: lines(".numbers"))
    }

    /// Threads of Swift's cooperative pool have signals blocked, and a child inherits that.
    private static func start(_ process: Process) throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }
}
#endif
