#if Window
import Roost
import RoostGTK
import ThumbnailKit

/// The thumbnailer's window: choose a folder, watch the pictures appear, pause, stop, or close it whenever you like.
@MainActor
final class ThumbnailerWindow {
    private enum State {
        case idle
        case running
        case paused
        case stopping
    }

    private let window: Window
    private let arguments: Arguments
    private let jobs: Int
    private let scopes: ThumbnailRun.Scopes
    private let place: Label
    private let bar: ProgressBar
    private let status: Label
    private let grid: PictureGrid
    private let problems: TextList
    private let problemsTitle: Label
    private let choose: Button
    private let start: Button
    private let pause: Button
    private let stop: Button

    private var folder: RawPath?
    private var state = State.idle
    private var tally = Tally()
    private var total: Int?
    private var elapsed = Stopwatch()
    private var run: Task<Void, Never>?

    init(_ app: GTKApplication, _ arguments: Arguments) {
        self.arguments = arguments
        jobs = arguments.jobs ?? WorkerPool.processorCount
        scopes = ThumbnailRun.Scopes(jobs: jobs)
        window = Window(app, "Roost Thumbnailer", width: 860, height: 620)
        place = Label(app).ellipsizes().expands().styled("heading")
        bar = ProgressBar(app).expands().named("Progress")
        status = Label(app).ellipsizes().expands()
        grid = PictureGrid(app).expands(vertically: true).named("Thumbnails")
        problems = TextList(app).expands().named("Pictures that failed")
        problemsTitle = Label(app).styled("dim-label")
        // The buttons know the window only once it exists.
        let link = Link()
        choose = Button(app, "Choose _Folder…") { link.owner?.chooseFolder() }
        start = Button(app, "_Start") { link.owner?.begin() }.styled("suggested-action")
        pause = Button(app, "_Pause") { link.owner?.pauseOrResume() }
        stop = Button(app, "S_top") { link.owner?.end() }
        link.owner = self
        problems.minimumHeight = 96
        window.closes(scopes.makers, within: .seconds(2))
        window.closes(scopes.walkers, within: .seconds(2))
        window.onClosed { [self] in run?.cancel() }
        let top = Box(app, .horizontal, spacing: 8, place, choose)
        let buttons = Box(app, .horizontal, spacing: 8, status, start, pause, stop)
        window.show(
            Box(app, .vertical, spacing: 10, margin: 12, top, bar, buttons, grid, problemsTitle, problems))
        openFirstFolder()
    }

    func present() { window.present() }

    private final class Link {
        weak var owner: ThumbnailerWindow?
    }

    // MARK: What the user does

    private func openFirstFolder() {
        do {
            folder = try arguments.folder ?? DefaultFolder.find()
            place.text = folder?.printable ?? "No folder is chosen"
            status.text = folder == nil ? "Choose a folder with pictures." : "Ready."
        } catch {
            status.text = "\(error)"
        }
        show(.idle)
        if arguments.folder != nil { begin() }
    }

    private func chooseFolder() {
        FolderChooser.open(over: window, title: "A folder with pictures", startingIn: folder?.bytes) {
            [weak self] chosen in
            guard let self, self.state == .idle else { return }
            let folder = RawPath(bytes: chosen.bytes)
            self.folder = folder
            self.place.text = folder.printable
            self.begin()
        }
    }

    private func begin() {
        guard state == .idle, let folder else { return }
        let run: ThumbnailRun
        do {
            run = try ThumbnailRun(arguments, of: folder, scopes: scopes, jobs: jobs)
        } catch {
            status.text = "\(error)"
            return
        }
        tally = Tally()
        total = nil
        grid.removeAll()
        problems.removeAll()
        elapsed = Stopwatch(running: true)
        show(.running)
        self.run = Task { [weak self] in
            await run.run {
                self?.total = $0
            } _: {
                self?.show($0)
            }
            self?.finished()
        }
    }

    private func pauseOrResume() {
        switch state {
        case .running:
            scopes.walkers.pause()
            scopes.makers.pause()
            elapsed.stop()
            show(.paused)
        case .paused:
            scopes.makers.resume()
            scopes.walkers.resume()
            elapsed.start()
            show(.running)
        case .idle, .stopping: break
        }
    }

    private func end() {
        guard state == .running || state == .paused else { return }
        show(.stopping)
        scopes.walkers.stop(.requested("stopped in the window"))
        scopes.makers.stop(.requested("stopped in the window"))
    }

    // MARK: What is shown

    private func show(_ event: ThumbnailRun.Event) {
        switch event {
        case .outcome(let outcome):
            tally.add(outcome)
            switch outcome.result {
            case .made(let thumbnail): show(thumbnail.path, of: outcome)
            case .fresh:
                let cache = ThumbnailCache(root: arguments.output)
                show(cache.thumbnailPath(forURI: outcome.uri, size: arguments.size), of: outcome)
            case .failed(let error): problems.append("\(error)")
            }
        case .problem(let problem):
            tally.addFailure()
            problems.append("\(problem)")
        case .failure(let worker, let error):
            tally.addFailure()
            problems.append("\(worker): \(error)")
        }
        showProgress()
    }

    private func show(_ thumbnail: RawPath, of outcome: ThumbnailOutcome) {
        let name = String(decoding: outcome.path.lastComponent, as: UTF8.self)
        grid.append([PictureGrid.Picture(path: thumbnail.printable, name: name)])
    }

    private func showProgress() {
        var progress = WorkerProgress(tally.done, of: total)
        progress.elapsed = elapsed.time
        bar.fraction = progress.fraction
        var parts = [total.map { "\(tally.done) of \($0)" } ?? "\(tally.done)"]
        if state == .running {
            if let rate = progress.rate { parts.append("\(Int(rate.rounded()))/s") }
            if let left = progress.timeLeft { parts.append("\(left.shortText) left") }
        }
        if state == .paused { parts.append("paused") }
        if state == .stopping { parts.append("stopping…") }
        status.text = parts.joined(separator: " · ")
        problemsTitle.text = problems.count == 1 ? "1 picture failed" : "\(problems.count) pictures failed"
    }

    private func finished() {
        elapsed.stop()
        let wasStopped = state == .stopping
        show(.idle)
        bar.fraction = wasStopped ? bar.fraction : 1
        status.text =
            tally.done == 0 && !wasStopped
            ? "There are no pictures in this folder."
            : (wasStopped ? "Stopped: " : "") + tally.line(after: elapsed.time)
    }

    private func show(_ state: State) {
        self.state = state
        let isIdle = state == .idle
        choose.isEnabled = isIdle
        start.isEnabled = isIdle && folder != nil
        pause.isEnabled = state == .running || state == .paused
        pause.title = state == .paused ? "_Resume" : "_Pause"
        stop.isEnabled = state == .running || state == .paused
        problems.isVisible = problems.count > 0
        problemsTitle.isVisible = problems.count > 0
        if !isIdle { showProgress() }
    }
}

/// Time that stands still while the work is paused.
private struct Stopwatch {
    private var since: MonotonicTime?
    private var before = Duration.zero

    init(running: Bool = false) {
        if running { start() }
    }

    var time: Duration { before + (since.map { .now - $0 } ?? .zero) }

    mutating func start() {
        if since == nil { since = .now }
    }

    mutating func stop() {
        before = time
        since = nil
    }
}

extension Duration {
    /// `4 s`, `3 min`, `2 h`.
    fileprivate var shortText: String {
        let seconds = components.seconds
        return seconds < 90
            ? "\(seconds) s" : seconds < 5_400 ? "\((seconds + 30) / 60) min" : "\((seconds + 1_800) / 3_600) h"
    }
}
#endif
