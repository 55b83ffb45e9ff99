import Glibc
public import Roost

/// The start of a program as a terminal shows it: stages in the progress line, notices and questions as lines above it.
///
/// A question is asked only where somebody can answer: when standard input and standard error are terminals. Elsewhere its
/// reason is printed, and a stage that failed means *Quit*, three crashed starts mean *Safe mode*, or one normal start if the last one
/// was in safe mode and went well: see `LaunchQuestion.unattendedAnswer`. A program that quits then exits with `LaunchReport.Outcome.exitStatus`, 75.
@MainActor
public final class TerminalLaunchPresenter: LaunchPresenter {
    private let terminal: Terminal
    private let input: Int32
    private let isAttended: Bool
    private let token: StopToken
    private let label: String
    /// What was typed behind the last line that was read.
    private var typed: [UInt8] = []

    /// Creates a presenter that writes to `terminal` and reads standard input.
    ///
    /// - Parameters:
    ///   - program: In front of each line.
    ///   - terminal: Where it is shown.
    public convenience init(_ program: String, on terminal: Terminal) {
        self.init(
            program, on: terminal, input: STDIN_FILENO,
            isAttended: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1, token: Shutdown.process.token)
    }

    init(_ program: String, on terminal: Terminal, input: Int32, isAttended: Bool, token: StopToken) {
        label = program
        self.terminal = terminal
        self.input = input
        self.isAttended = isAttended
        self.token = token
    }

    public func show(_ progress: LaunchProgress) {
        terminal.show(
            label, WorkerProgress(progress.number - 1, of: progress.count, message: "starting: \(progress.stage)"))
    }

    public func notice(_ text: String) { say(text) }

    public func closeSplash() { terminal.clear() }

    public func ask(_ question: LaunchQuestion) async -> LaunchAnswer {
        terminal.line(LaunchPrompt.reason(question))
        guard isAttended else {
            let answer = question.unattendedAnswer
            say(LaunchPrompt.said(answer))
            return answer
        }
        while true {
            say(LaunchPrompt.hint(question))
            // The end of the input, or of the process, is an answer, too.
            guard let line = await line() else { return .quit }
            if let answer = LaunchPrompt.answer(line, to: question) { return answer }
        }
    }

    private func say(_ text: String) { terminal.line("\(label): \(text)") }

    /// The next line that is typed; nil at the end of the input, of the process, or of the wait. Holds no thread meanwhile.
    private func line() async -> String? {
        while true {
            if let end = typed.firstIndex(of: UInt8(ascii: "\n")) {
                defer { typed.removeFirst(end + 1) }
                return String(decoding: typed[..<end], as: UTF8.self)
            }
            guard let ready = try? await token.wait(for: .readable, on: input), ready.contains(.readable) else {
                return nil
            }
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(input, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            typed += bytes[..<count]
        }
    }
}
