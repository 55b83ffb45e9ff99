import CRoostPlatform
import Glibc

@testable import Roost

/// A presenter that writes down what it is told, and answers from a list.
@MainActor
final class ScriptedPresenter: LaunchPresenter {
    private(set) var events: [String] = []
    private(set) var isSplashOpen = false
    private(set) var questions: [LaunchQuestion] = []
    private var answers: [LaunchAnswer]
    /// Opened when it is asked and has no answer left: it then waits until the question is taken away.
    let isAsked = Gate()
    let isTakenAway = Gate()

    init(_ answers: LaunchAnswer...) {
        self.answers = answers
    }

    func show(_ progress: LaunchProgress) {
        isSplashOpen = true
        events.append("show \(progress.number)/\(progress.count) \(progress.stage)")
    }

    func notice(_ text: String) { events.append("notice \(text)") }

    func ask(_ question: LaunchQuestion) async -> LaunchAnswer {
        questions.append(question)
        events.append("ask with the splash \(isSplashOpen ? "open" : "closed")")
        if !answers.isEmpty { return answers.removeFirst() }
        isAsked.open()
        await withTaskCancellationHandler {
            await isTakenAway.passed()
        } onCancel: {
            isTakenAway.open()
        }
        return .quit
    }

    func closeSplash() {
        if isSplashOpen { events.append("close splash") }
        isSplashOpen = false
    }
}

/// A journal in memory. Holds its writer until the gate opens, when it has one.
final class MemoryJournal: LaunchJournal {
    let entries = Log<String>()
    let wroteOnMainThread = Locked(false)
    private let gate: Gate?
    let isWriting = Gate()

    init(heldBy gate: Gate? = nil) {
        self.gate = gate
    }

    func enter(_ stage: String) { write("enter \(stage)") }
    func leave(_ stage: String, _ outcome: LaunchStageOutcome) { write("leave \(stage) \(outcome.kind)") }
    func launched(_ mode: LaunchMode) { write("launched \(mode.rawValue)") }
    func gaveUp() { write("gave up") }

    private func write(_ entry: String) {
        if isMainThread { wroteOnMainThread.withLock { $0 = true } }
        isWriting.open()
        gate?.wait()
        entries.add(entry)
    }
}

/// Whether the caller runs on the process's first thread.
var isMainThread: Bool { roost_thread_id() == Int32(getpid()) }

/// A launch with what the tests of it have in common: a shutdown of its own, that ends nothing.
@MainActor
func runLaunch(
    _ stages: [LaunchStage], _ presenter: any LaunchPresenter, journal: MemoryJournal? = nil,
    history: LaunchHistory = LaunchHistory(), shutdown: Shutdown = Shutdown(root: WorkRoot()),
    time: any TimeSource = SystemTime.shared
) async -> LaunchReport {
    await Launch("test", stages: stages, time: time)
        .run(presenter, journal: journal, history: history, shutdown: shutdown)
}
