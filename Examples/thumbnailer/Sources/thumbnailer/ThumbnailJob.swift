import Glibc
import Roost
import RoostCrash
import RoostTerminal
import ThumbnailKit

/// A run in a terminal: a progress line, a line for each problem, and the results on standard output.
@MainActor
final class ThumbnailJob {
    private let arguments: Arguments
    private let terminal = Terminal()
    private let lines: ResultLines
    private let started = MonotonicTime.now
    private var tally = Tally()
    private var total: Int?

    init(_ arguments: Arguments) {
        self.arguments = arguments
        lines = ResultLines(isJSON: arguments.json)
    }

    /// Returns the exit status.
    func run() async -> Int32 {
        terminal.attach(to: .process)
        let scopes: ThumbnailRun.Scopes
        let run: ThumbnailRun
        do {
            scopes = try ThumbnailRun.Scopes(arguments)
            guard let folder = try arguments.folder ?? DefaultFolder.find() else {
                return complain("no folder was named, and there are no pictures in the usual places")
            }
            run = try ThumbnailRun(arguments, of: folder, scopes: scopes)
        } catch {
            return complain("\(error)")
        }
        if let note = CrashCapture.installed?.lastRun?.note { terminal.line("\(Program.name): \(note)") }
        let report = await start(scopes)
        if report.outcome.isLaunched {
            await run.run { [self] in
                total = $0
            } _: { [self] event in
                await show(event)
            }
        }
        await terminal.finish()
        await scopes.close()
        if report.outcome == .quit { return report.outcome.exitStatus }
        let wasWritten = await lines.writeLast(tally, after: .now - started)
        return tally.failed > 0 || !wasWritten ? 1 : 0
    }

    /// Where nobody can be asked, a folder that cannot be written to is no reason to end: whoever reads the results is told of each picture.
    private func start(_ scopes: ThumbnailRun.Scopes) async -> LaunchReport {
        let canAsk = !arguments.json && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
        let stages = StartStages.all(arguments, scopes.decoders, needsCacheFolder: canAsk)
        let presenter = TerminalLaunchPresenter(Program.name, on: terminal)
        return await Launch(Program.name, stages: stages).run(presenter, mode: arguments.safeMode ? .safe : .normal)
    }

    private func complain(_ problem: String) -> Int32 {
        StandardStream.error.write(line: "thumbnailer: \(problem)")
        return 2
    }

    private func show(_ event: ThumbnailRun.Event) async {
        let isRead: Bool
        switch event {
        case .outcome(let outcome):
            tally.add(outcome)
            if case .failed(let error) = outcome.result { terminal.line("\(error)") }
            isRead = await lines.write(outcome)
        case .problem(let problem):
            tally.addFailure()
            terminal.line("\(problem)")
            isRead = await lines.write(problem)
        case .failure(let worker, let error):
            tally.addFailure()
            terminal.line("\(worker) failed: \(error)")
            isRead = await lines.write(failureOf: worker, error)
        }
        var progress = WorkerProgress(tally.done, of: total)
        progress.elapsed = .now - started
        terminal.show("thumbnails", progress)
        if !isRead { Shutdown.process.request(.requested("nobody reads the results"), status: 1) }
    }
}
