#if Window
import Roost
import RoostCrash
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

    /// How the last run over this folder ended.
    private enum LastRun {
        case none
        case stopped
        case complete
    }

    private let window: Window
    private let arguments: Arguments
    private let scopes: ThumbnailRun.Scopes
    private let name: Label
    private let place: Label
    private let bar: ProgressBar
    private let status: Label
    private let grid: PictureGrid
    private let notice: Notice
    private let problems: TextList
    private let problemsArea: Box
    private let problemsTitle: Label
    private let choose: Button
    private let start: Button
    private let pause: Button
    private let stop: Button
    private let note: NoteBar
    private let isSafe: Bool
    private var threads: ThreadsWindow?
    private var lastRunWindow: LastRunWindow?

    private var folder: RawPath?
    private var state = State.idle
    private var lastRun = LastRun.none
    private var tally = Tally()
    private var total: Int?
    private var elapsed = Stopwatch()
    private var run: Task<Void, Never>?
    /// What was made and is not shown yet, and what shows it.
    private var waiting: [PictureGrid.Picture] = []
    private var refresh: Task<Void, Never>?

    init(_ app: GTKApplication, _ arguments: Arguments, _ scopes: ThumbnailRun.Scopes, isSafe: Bool) {
        self.arguments = arguments
        self.scopes = scopes
        self.isSafe = isSafe
        window = Window(app, "Roost Thumbnailer\(isSafe ? " (safe mode)" : "")", width: 860, height: 620)
        name = Label(app).ellipsizes().styled("title-4")
        place = Label(app).ellipsizes().styled("dim-label")
        bar = ProgressBar(app).expands().named("Progress")
        // Wraps, and so is whole in a narrow window.
        status = Label(app).wraps().expands()
        grid = PictureGrid(app).expands(vertically: true).named("Thumbnails")
        notice = Notice(app).expands(vertically: true)
        problems = TextList(app).expands().growsUpTo(height: 160).named("Pictures that failed")
        problemsTitle = Label(app).styled("heading")
        // The buttons know the window only once it exists.
        let link = Link()
        choose = Button(app, "Choose _Folder…") { link.owner?.chooseFolder() }.centersVertically()
        start = Button(app, "_Start") { link.owner?.begin() }.styled("suggested-action")
        pause = Button(app, "_Pause") { link.owner?.pauseOrResume() }
        stop = Button(app, "S_top") { link.owner?.end() }
        note = NoteBar(app) { link.owner?.showLastRun() }
        let menu = MenuButton(app, "Menu").centersVertically()
        menu.append("_Threads and workers") { link.owner?.showThreads() }
        menu.append("_Last run") { link.owner?.showLastRun() }
        let buttons = Box(app, .horizontal, spacing: 6, start, pause, stop).centersVertically()
        let top = Box(
            app, .vertical, spacing: 12, margin: 12,
            Box(app, .horizontal, spacing: 12, Box(app, .vertical, spacing: 0, name, place).expands(), choose, menu),
            bar, Box(app, .horizontal, spacing: 12, status, buttons))
        problemsArea = Box(
            app, .vertical, spacing: 0, Separator(app),
            Box(app, .vertical, spacing: 6, margin: 12, problemsTitle, problems))
        link.owner = self
        window.closes(scopes.makers, within: .seconds(2))
        window.closes(scopes.walkers, within: .seconds(2))
        window.onClosed { [self] in
            run?.cancel()
            refresh?.cancel()
            threads?.close()
            lastRunWindow?.close()
        }
        window.show(Box(app, .vertical, spacing: 0, top, Separator(app), grid, notice, problemsArea, note.root))
        openFirstFolder()
    }

    func present() { window.present() }

    private final class Link {
        weak var owner: ThumbnailerWindow?
    }

    // MARK: The start, and what is known of the program

    /// What the start has to say, and how the last run ended; nothing when all is well.
    func say(_ report: LaunchReport) {
        let lastRun = CrashCapture.installed?.lastRun?.note
        var words = lastRun.map { [$0] } ?? []
        words += report.notices.map { $0.hasSuffix(".") ? $0 : $0 + "." }
        if !words.isEmpty { note.say(words.joined(separator: " "), hasDetails: lastRun != nil) }
    }

    private func showThreads() {
        let decoders = scopes.decoders
        let threads =
            threads
            ?? ThreadsWindow(window.app) { decoders.map { $0.processes.ordinary + $0.processes.large } ?? [] }
        self.threads = threads
        threads.onClosed { [weak self] in self?.threads = nil }
        threads.present()
    }

    private func showLastRun() {
        let shown = lastRunWindow ?? LastRunWindow(window.app)
        lastRunWindow = shown
        shown.onClosed { [weak self] in self?.lastRunWindow = nil }
        shown.present()
    }

    // MARK: What the user does

    private func openFirstFolder() {
        folder = arguments.folder
        showFolder()
        show(.idle)
        // In safe mode nobody but the user begins anything: what crashed may be a picture in this very folder.
        if folder == nil { lookForFolder() } else if isSafe { status.text = "Ready." } else { begin() }
    }

    /// On a worker: the usual places may be large, or far away.
    private func lookForFolder() {
        status.text = "Looking for pictures…"
        let finder = scopes.walkers.start("look for pictures") { worker in
            try DefaultFolder.find { try worker.checkpoint() }
        }
        run = Task { [weak self] in
            let found = try? await finder.value
            guard let self, self.folder == nil, self.state == .idle else { return }
            self.folder = found ?? nil
            self.status.text = self.folder == nil ? "Choose a folder with pictures." : "Ready."
            self.showFolder()
            self.show(.idle)
        }
    }

    private func chooseFolder() {
        FolderChooser.open(over: window, title: "A folder with pictures", startingIn: folder?.bytes) {
            [weak self] chosen in
            guard let self, self.state == .idle else { return }
            self.folder = RawPath(bytes: chosen.bytes)
            self.lastRun = .none
            self.showFolder()
            self.begin()
        }
    }

    private func begin() {
        guard state == .idle, let folder else { return }
        let run: ThumbnailRun
        do {
            run = try ThumbnailRun(arguments, of: folder, scopes: scopes)
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
            let isWhole = await run.run {
                self?.total = $0
            } _: {
                self?.show($0)
            }
            self?.finished(isWhole)
        }
    }

    private func pauseOrResume() {
        switch state {
        case .running:
            scopes.pause()
            elapsed.stop()
            show(.paused)
        case .paused:
            scopes.resume()
            elapsed.start()
            show(.running)
        case .idle, .stopping: break
        }
    }

    private func end() {
        guard state == .running || state == .paused else { return }
        show(.stopping)
        scopes.stop(.requested("stopped in the window"))
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
            case .failed(let error):
                show(error)
                showTile(of: error)
            }
        case .problem(let problem):
            tally.addFailure()
            show(problem)
        case .failure(let worker, let error):
            tally.addFailure()
            problems.append(worker, detail: "\(error)")
        }
        refreshSoon()
    }

    /// Twenty times a second at most: a window that is drawn again for each of ten thousand pictures does nothing else.
    private func refreshSoon() {
        guard refresh == nil else { return }
        refresh = Task { [weak self] in
            guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { return }
            self?.refreshNow()
        }
    }

    private func refreshNow() {
        refresh?.cancel()
        refresh = nil
        if !waiting.isEmpty { grid.append(waiting) }
        waiting = []
        showProgress()
        showParts()
    }

    private func show(_ thumbnail: RawPath, of outcome: ThumbnailOutcome) {
        let name = String(decoding: outcome.path.lastComponent, as: UTF8.self)
        waiting.append(PictureGrid.Picture(path: thumbnail.bytes, name: name))
    }

    /// The picture first, for that is what one looks for; the folder it is below is known.
    private func show(_ error: ThumbnailError) {
        let path = folder.map { error.path.shown(from: $0.absolute()) } ?? error.path.printable
        let when = error.isRemembered ? " (found by an earlier run)" : ""
        problems.append(path, detail: "Cannot \(error.operation.rawValue): \(error.reason)\(when)")
    }

    /// Where its thumbnail would be: why there is none, in a few words.
    private func showTile(of error: ThumbnailError) {
        let name = String(decoding: error.path.lastComponent, as: UTF8.self)
        waiting.append(PictureGrid.Picture(missing: error.inShort, name: name))
    }

    private func showFolder() {
        guard let folder = folder?.absolute() else {
            name.text = "No folder is chosen"
            place.text = ""
            return
        }
        name.text = folder.shownName
        place.text = folder.shown
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
    }

    /// Not whole when it was stopped, by the button or by a close that was called off.
    private func finished(_ isWhole: Bool) {
        elapsed.stop()
        refreshNow()
        let wasStopped = !isWhole
        lastRun = wasStopped ? .stopped : .complete
        show(.idle)
        if !wasStopped { bar.fraction = tally.done == 0 ? 0 : 1 }
        status.text =
            tally.done == 0 && !wasStopped
            ? "Nothing to do."
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
        if !isIdle { showProgress() }
        showParts()
    }

    /// The pictures, or why there are none; the failures, if there are any.
    private func showParts() {
        grid.isVisible = grid.count > 0
        notice.isVisible = grid.count == 0
        problemsArea.isVisible = problems.count > 0
        problemsTitle.text = problems.count == 1 ? "1 picture failed" : "\(problems.count) pictures failed"
        let words = emptyPlace
        if grid.count == 0 { notice.say(words.title, words.text, icon: words.icon) }
    }

    /// What stands where the pictures will be.
    private var emptyPlace: (title: String, text: String, icon: String) {
        guard state == .idle else { return ("Looking for pictures…", "", "system-search-symbolic") }
        guard folder != nil else {
            return ("No folder is chosen", "Choose one, and its thumbnails appear here.", "folder-symbolic")
        }
        switch lastRun {
        case .complete where tally.done == 0:
            return ("No pictures here", "There are no pictures in this folder.", "folder-pictures-symbolic")
        case .complete:
            return ("No thumbnails", "Not one could be made.", "dialog-warning-symbolic")
        case .none, .stopped:
            return (
                "Ready to start",
                """
                Thumbnails appear here as they are made.
                Stop, or close the window, whenever you like:
                the next run goes on where this one ended.
                """, "image-x-generic-symbolic"
            )
        }
    }
}
#endif
