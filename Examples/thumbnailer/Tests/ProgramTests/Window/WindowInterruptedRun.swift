#if Window
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// One run whose window is asked to close as planned.
final class WindowInterruptedRun {
    /// What a window with work that can be stopped is given to be gone.
    static let limit = Duration.milliseconds(2_500)

    let plan: WindowPlan
    let run: WindowedProgram
    private let pictures: WindowPictures
    private let clock: WindowClock
    private let watch: FolderWatch
    /// The thumbnails that were there before.
    private let there: Set<String>
    /// Where the run was when the request came that was planned; nil when it was over before.
    private(set) var phase: WindowPhase?
    /// From the first request until the program was gone.
    private(set) var stopTime: Duration?
    private var firstRequestAt: ContinuousClock.Instant?
    /// Whether the window was seen to say that it shuts down, or that all is made.
    private var hasSaidSo = false

    private var program: Program { run.program }
    private var set: PictureSet { pictures.set }

    init(
        _ plan: WindowPlan, _ pictures: WindowPictures, _ clock: WindowClock, on desktop: Desktop,
        _ reader: ScreenReader
    ) throws {
        self.plan = plan
        self.pictures = pictures
        self.clock = clock
        let workspace = try Workspace()
        let folder = try workspace.makeFolder("out/large")
        var there = try pictures.set.place(
            percent: plan.percentThere, in: folder, seed: plan.seed &+ UInt64(plan.attempt))
        if plan.phase == .closing {
            for name in there.intersection(pictures.stillThumbnails) { unlink(folder + "/" + name) }
            there.subtract(pictures.stillThumbnails)
        }
        self.there = there
        watch = try FolderWatch(folder)
        run = try WindowedProgram(
            .thumbnailer(pictures.set.folder, ["--jobs", "2"], in: workspace), in: workspace, on: desktop, reader)
    }

    /// Waits for the instant, asks, waits for the end, and looks at what is left.
    func check() throws {
        try aim()
        fire()
        program.waitForEnd(within: .seconds(20))
        if let end = program.endedAt, let first = firstRequestAt { stopTime = end - first }
        let note: Comment = "\(plan): \(program.ending.map { "\($0)" } ?? "still running")"
        #expect(program.ending == .exited(0), "\(note)\n\(program.everything)")
        #expect(stopTime.map { $0 < Self.limit } == true, "\(note) after \(stopTime ?? .zero)")
        #expect(run.complaint == nil, note)
        let left = run.workspace.processesLeft()
        #expect(left.isEmpty, "\(note): \(left.count) processes are left")
        let report = try #require(try run.workspace.report(), "\(note): there is no report")
        #expect(report.process == program.process && report.ending == .exited(0) && report.stragglers.isEmpty, note)
        let remains = Remains(workspace: run.workspace, pictures: set, process: program.process, note: note)
        remains.check(mayBeCutOff: false)
        try remains.resume(whole: plan.resumesWhole, seed: plan.seed)
    }

    // MARK: The instant

    private func aim() throws {
        switch plan.phase {
        case .unmapped:
            // Busy until then: it is not there for long.
            while unmapped == nil, run.windows.first == nil, program.isAlive {}
            spin(until: .now + clock.window * plan.delay)
        case .decoding:
            waitForThumbnails()
            program.aimBetweenWrites(watch, delay: plan.delay) { look() }
        case .writing:
            waitForThumbnails()
            program.aimAtWrite(watch, delay: plan.delay) { hasAll }
        case .closing:
            program.wait { run.windows.first != nil && run.isDrawing(pictures.still) || program.ending != nil }
            firstRequestAt = .now
            run.close()
            hasSaidSo = run.waitForLabel("Shutting down…", within: .seconds(5))
            spin(until: .now + .milliseconds(250) * plan.delay)
        case .after:
            hasSaidSo = run.waitForLabel(" made, ")
            #expect(hasSaidSo, "\(plan): \(run.labels)")
            spin(until: .now + .milliseconds(100) * plan.delay)
        }
    }

    private var unmapped: WindowManager.Window? { run.desktop.windows.unmapped(of: program.process) }

    private var hasAll: Bool { there.count + watch.thumbnails.count >= set.thumbnails.count }

    private func look() { program.look(watching: watch) }

    private func waitForThumbnails() {
        program.wait(watching: watch) {
            run.windows.first != nil && watch.thumbnails.count >= min(plan.count, set.thumbnails.count - there.count)
                || program.ending != nil
        }
    }

    private func fire() {
        // Seen from outside, in the microseconds before.
        watch.read()
        guard program.isAlive else { return }
        let unmapped = plan.phase == .unmapped ? self.unmapped : nil
        if plan.phase == .unmapped, unmapped == nil {
            clock.missed()
            // Shown by now, but perhaps not yet the window manager's.
            program.wait { run.windows.first != nil || program.ending != nil }
        }
        phase = unmapped == nil ? presentPhase : .unmapped
        if firstRequestAt == nil { firstRequestAt = .now }
        ask(unmapped)
        if plan.request == .twice {
            spin(until: .now + .milliseconds(30) * plan.secondDelay)
            ask(unmapped)
        }
    }

    private func ask(_ unmapped: WindowManager.Window?) {
        if let unmapped { run.desktop.windows.closeUnmapped(unmapped) } else { run.close() }
    }

    private var presentPhase: WindowPhase {
        if hasSaidSo { return plan.phase }
        return watch.sinceEvent < .microseconds(400) ? .writing : .decoding
    }
}

/// How long a window exists before it is shown, learnt from those that were missed.
final class WindowClock {
    /// The longest delay that is worth trying.
    private(set) var window = Duration.milliseconds(15)

    func missed() { window = max(.microseconds(100), window * 0.8) }
}
#endif
