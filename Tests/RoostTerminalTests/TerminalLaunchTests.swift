import Foundation
import Roost
import Testing

@testable import RoostTerminal

@Suite("A start in a terminal", .timeLimit(.minutes(2)))
struct TerminalLaunchTests {
    /// Two pipes with a presenter between them.
    @MainActor
    private final class Scene {
        private let terminal: Terminal
        let presenter: TerminalLaunchPresenter
        private let input: Pipe = Pipe()
        private let output: Pipe = Pipe()

        init(isAttended: Bool = true, token: StopToken = StopSource().token) {
            signal(SIGPIPE, SIG_IGN)
            var options = Terminal.Options(descriptor: output.fileHandleForWriting.fileDescriptor)
            options.isInteractive = false
            options.usesColor = false
            options.interval = .zero
            terminal = Terminal(options)
            presenter = TerminalLaunchPresenter(
                "thumbnailer", on: terminal, input: input.fileHandleForReading.fileDescriptor, isAttended: isAttended,
                token: token)
        }

        func type(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
        func endInput() throws { try input.fileHandleForWriting.close() }

        /// What was written so far.
        func lines() async throws -> [String] {
            await terminal.finish()
            try output.fileHandleForWriting.close()
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    private static let failure = LaunchQuestion(
        program: "thumbnailer", cause: .stageFailed("cache folder", reason: "the disk is full"),
        answers: [.tryAgain, .safeMode, .quit])
    private static let crashes = LaunchQuestion(
        program: "thumbnailer", cause: .crashedStarts(3), answers: [.safeMode, .startNormally, .quit])

    @Test("a question is asked until it is answered, and says why")
    @MainActor func attended() async throws {
        let scene = Scene()
        // In pieces, with a line that says nothing.
        try scene.type("what?\n  T")
        let answer = Task { await scene.presenter.ask(Self.failure) }
        try scene.type("ry\nnever read\n")
        #expect(await answer.value == .tryAgain)
        let hint = "thumbnailer: Type t to try again, s for safe mode or q to quit, then Enter."
        #expect(
            try await scene.lines() == [
                "thumbnailer cannot start. 'cache folder' failed: the disk is full", hint, hint,
            ])
    }

    @Test("a line that came with an earlier one answers the next question")
    @MainActor func twoAnswers() async throws {
        let scene = Scene()
        try scene.type("t\ns\n")
        #expect(await scene.presenter.ask(Self.failure) == .tryAgain)
        #expect(await scene.presenter.ask(Self.failure) == .safeMode)
    }

    @Test("the end of the input is a quit")
    @MainActor func endOfInput() async throws {
        let scene = Scene()
        try scene.type("q")
        try scene.endInput()
        #expect(await scene.presenter.ask(Self.failure) == .quit)
    }

    @Test("the end of the process takes the question away")
    @MainActor func endOfProcess() async {
        let source = StopSource()
        let scene = Scene(token: source.token)
        let answer = Task { await scene.presenter.ask(Self.failure) }
        await Task.yield()
        source.stop()
        #expect(await answer.value == .quit)
    }

    @Test("where nobody can answer the reason is printed, and what follows from it")
    @MainActor func unattended() async throws {
        let scene = Scene(isAttended: false)
        try scene.type("t\n")
        #expect(await scene.presenter.ask(Self.failure) == .quit)
        #expect(await scene.presenter.ask(Self.crashes) == .safeMode)
        #expect(
            try await scene.lines() == [
                "thumbnailer cannot start. 'cache folder' failed: the disk is full",
                "thumbnailer: There is nobody to ask: it quits.",
                "thumbnailer crashed while it was starting. The last 3 starts crashed. Safe mode starts only what the program cannot do without.",
                "thumbnailer: There is nobody to ask: it starts in safe mode.",
            ])
    }

    @Test("each answer has its letter")
    func letters() {
        #expect(LaunchPrompt.answer("s", to: Self.crashes) == .safeMode)
        #expect(LaunchPrompt.answer(" N\r", to: Self.crashes) == .startNormally)
        #expect(LaunchPrompt.answer("quit", to: Self.crashes) == .quit)
        #expect(LaunchPrompt.answer("t", to: Self.crashes) == nil)
        #expect(LaunchPrompt.answer("", to: Self.crashes) == nil)
    }

    @Test("notices are lines")
    @MainActor func notices() async throws {
        let scene = Scene()
        scene.presenter.notice("'decoder check' was skipped: \u{1B}[31mno")
        scene.presenter.closeSplash()
        #expect(try await scene.lines() == ["thumbnailer: 'decoder check' was skipped: \u{FFFD}[31mno"])
    }
}
