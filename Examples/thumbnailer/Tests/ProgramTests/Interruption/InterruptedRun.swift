import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// One run that is interrupted as planned.
final class InterruptedRun {
    /// What is given to a run to end: it is well-behaved, so far less is used.
    static let budget = Duration.seconds(10)

    let plan: InterruptionPlan
    let pictures: PictureSet
    let workspace: Workspace
    let program: Program
    let watch: FolderWatch
    /// The thumbnails that were there before.
    let there: Set<String>
    private var settingsAfter: TerminalSettings?
    private var hasSettingsChanged = false
    /// Where the run was when it was interrupted; nil when it was over before.
    private(set) var phase: RunPhase?
    private(set) var firstSignalAt: ContinuousClock.Instant?
    /// Whether no thread of the program had got round to the first of two signals when the second came: the system then
    /// gives the second one to another thread, which may run before.
    private(set) var wasFirstPending = false
    /// How long the program took to be gone, from the first request.
    private(set) var stopTime: Duration?

    init(_ plan: InterruptionPlan, _ pictures: PictureSet) throws {
        self.plan = plan
        self.pictures = pictures
        workspace = try Workspace()
        let folder = try workspace.makeFolder("out/large")
        there = try pictures.place(percent: plan.percentThere, in: folder, seed: plan.seed &+ UInt64(plan.attempt))
        watch = try FolderWatch(folder)
        let options = ["--jobs", "2"] + (plan.isJSON ? ["--json"] : [])
        var launch = Launch.thumbnailer(pictures.folder, options, in: workspace).inTerminal()
        if plan.isJSON { launch.output = .pipe }
        launch.keepsUnreadOutput = true
        program = try Program(launch)
    }

    private var missing: Int { pictures.thumbnails.count - there.count }

    /// The thumbnails that are there now.
    var found: Set<String> { Set(workspace.files(below: "out/large")) }

    /// Whether the last line has come, whole. Looks at the last bytes only: it is asked many times.
    var hasSaidLastLine: Bool {
        let bytes = plan.isJSON ? program.outputBytes : program.terminalBytes
        let tail = String(decoding: bytes.suffix(250), as: UTF8.self)
        // On a terminal the echo of a Ctrl-C may come after it.
        return plan.isJSON
            ? tail.contains("\"seconds\":") && tail.hasSuffix("\n")
            : tail.replacing("\r\n", with: "\n").contains("/s)\n")
    }

    /// Whether the run had come to its own end: it said so, or there was nothing left to do and nobody to tell.
    var hasFinished: Bool {
        hasSaidLastLine || plan.interruption == .hangUp && found.count == pictures.thumbnails.count
    }

    // MARK: The instant

    /// Waits for the instant, interrupts, and waits for the end.
    func run() {
        aim()
        fire()
        program.waitForEnd(within: Self.budget + .milliseconds(1_500), watching: watch)
        watch.read()
        settingsAfter = program.settings
        if let end = program.endedAt, let first = firstSignalAt { stopTime = end - first }
    }

    private func aim() {
        switch plan.phase {
        case .before:
            // Busy until then: a timer of the system would be too coarse.
            let instant = program.startedAt + pictures.firstAfter * plan.delay
            while ContinuousClock.now < instant { look() }
        case .decoding:
            waitForThumbnails()
            program.aimBetweenWrites(watch, delay: plan.delay) { look() }
        case .writing:
            waitForThumbnails()
            program.aimAtWrite(watch, delay: plan.delay) { hasSaidLastLine }
        case .shuttingDown:
            waitForThumbnails()
            program.send(SIGTERM)
            firstSignalAt = .now
            spin(until: .now + InterruptionClock.shared.window(.shuttingDown) * plan.delay)
        case .after:
            program.wait(watching: watch) { hasSaidLastLine || program.ending != nil }
            spin(until: .now + InterruptionClock.shared.window(.after) * plan.delay)
        }
    }

    private func look() {
        program.look(watching: watch)
        disturbTerminal()
    }

    private func waitForThumbnails() {
        program.wait(watching: watch) {
            disturbTerminal()
            return watch.thumbnails.count >= min(plan.count, missing) || hasSaidLastLine || program.ending != nil
        }
    }

    /// Once the program has remembered its terminal's settings, changes them, so that there is something to restore.
    private func disturbTerminal() {
        guard !hasSettingsChanged, program.terminalBytes.count > 0, program.isAlive else { return }
        hasSettingsChanged = true
        TerminalSettings.makeRaw(program.terminal)
        // Ctrl-C must go on to be a signal: only echo and line editing are off.
    }

    private func fire() {
        // Seen from outside, in the microseconds before.
        watch.read()
        guard program.isAlive else {
            InterruptionClock.shared.missed(plan.phase)
            return
        }
        phase = presentPhase
        if firstSignalAt == nil { firstSignalAt = .now } else { wasFirstPending = program.isPending(SIGTERM) }
        switch plan.interruption {
        case .interrupt where plan.isTyped: program.type("\u{03}")
        case .interruptTwice:
            program.send(SIGINT)
            spin(until: .now + .milliseconds(4) * plan.secondDelay)
            program.send(SIGINT)
        case .hangUp: program.hangUp()
        case .terminate, .interrupt, .hangUpSignal, .kill: program.send(plan.interruption.signal)
        }
    }

    private var presentPhase: RunPhase {
        if firstSignalAt != nil { return .shuttingDown }
        if hasSaidLastLine { return .after }
        if watch.thumbnails.isEmpty { return .before }
        return watch.sinceEvent < .microseconds(400) ? .writing : .decoding
    }

    // MARK: Afterwards

    /// True unless the settings were changed and not put back.
    var isTerminalRestored: Bool {
        guard let before = program.settingsAtStart, let settingsAfter else { return true }
        return before == settingsAfter && program.isCursorShown
    }
}

/// How long a run takes to shut down and to leave, learnt from those that were missed.
final class InterruptionClock: @unchecked Sendable {  // proof: used by serialized tests alone
    static let shared = InterruptionClock()

    private var windows: [RunPhase: Duration] = [.shuttingDown: .milliseconds(20), .after: .milliseconds(3)]

    /// The longest delay that is worth trying.
    func window(_ phase: RunPhase) -> Duration { windows[phase] ?? .zero }

    /// The run was over before the instant: the next ones come earlier.
    func missed(_ phase: RunPhase) {
        guard let window = windows[phase] else { return }
        windows[phase] = max(.microseconds(100), window * 0.9)
    }
}
