import Roost
import RoostCrash

/// Keeps what a program's starts have to say to the next ones in the records of its runs.
final class RunMemory: LaunchMemory {
    private let capture: CrashCapture
    private enum StartTimeline {
        case unwritten(LaunchReport)
        case isBeingWritten
    }

    private let timeline = Locked<StartTimeline?>(nil)
    private let written = Parker()
    private let isEndKept = OneShot<Void>()

    init(capture: CrashCapture) { self.capture = capture }

    var history: LaunchHistory { LaunchHistory(capture.pastRuns, version: capture.version) }

    func enter(_ stage: String) { capture.stageBegan(stage) }

    func leave(_ stage: String, _ outcome: LaunchStageOutcome) {
        let written: PastRun.StageOutcome
        switch outcome {
        case .done: written = .done
        case .late: written = .late
        case .skipped: written = .skipped
        case .failed: written = .failed
        case .stopped: written = .stopped
        case .notReached: return
        }
        capture.stageEnded(stage, written)
    }

    func launched(_ mode: LaunchMode) { capture.launched(isSafe: mode == .safe) }

    func gaveUp() { capture.gaveUp() }

    func ended(_ report: LaunchReport) {
        timeline.withLock { $0 = .unwritten(report) }
        _ = PlatformThread.start(name: "roost-timeline", options: .init(nice: 10, blocksSignals: true)) { [self] in
            keepTimeline(until: .now)
        }
    }

    /// Writes the timelines, on a thread of its own: a disk that does not answer keeps the end from nobody. Returns at once.
    func ended(_ report: ShutdownReport) {
        let failure = PlatformThread.start(name: "roost-timeline", options: .init(blocksSignals: true)) { [self] in
            keepTimeline(until: .now + .milliseconds(20))
            let timeline = report.timeline
            capture.keep(timeline.json, as: "end.json")
            capture.keep(timeline.svg, as: "end.svg")
            isEndKept.resolve(())
        }
        if failure != nil { isEndKept.resolve(()) }
    }

    /// Returns once the timelines are written, or at `deadline`: then they are not there, and all else goes on.
    func waitForEnd(until deadline: MonotonicTime) {
        let parker = Parker()
        isEndKept.whenResolved { _ in parker.unpark() }
        parker.park(until: deadline)
    }

    /// Writes the timeline of the start, if nobody has yet; who is at it at this moment is waited for. Blocks on the disk.
    func keepTimeline(until deadline: MonotonicTime) {
        let report: LaunchReport? = timeline.withLock { timeline in
            guard case .unwritten(let report)? = timeline else { return nil }
            timeline = .isBeingWritten
            return report
        }
        if let report {
            let picture = report.timeline
            capture.keep(picture.json, as: "start.json")
            capture.keep(picture.svg, as: "start.svg")
            timeline.withLock { $0 = nil }
            written.unpark()
            return
        }
        while timeline.withLock({ if case .isBeingWritten? = $0 { true } else { false } }),
            written.park(until: deadline)
        {}
    }
}

extension LaunchHistory {
    /// From the runs that are kept, the oldest first. Another version of the program is another program.
    public init(_ runs: [PastRun], version: String) {
        self.init()
        for run in runs.drop(while: { $0.version != version }) {
            guard run.version == version else {
                self = LaunchHistory()
                continue
            }
            for stage in run.stages {
                guard let outcome = stage.outcome else { continue }
                switch outcome {
                case .done: left(stage.name, .done)
                case .late: left(stage.name, .late)
                case .skipped, .failed, .stopped: break
                }
            }
            if run.hasLaunched {
                launched(run.wasSafe ? .safe : .normal)
            } else if !run.gaveUp, [.crashed, .killed, .quit].contains(run.ending) {
                crashed(in: run.stages.filter { $0.outcome == nil }.map(\.name))
            }
        }
    }
}

extension LastRun {
    /// How the last run started, stage by stage; nil when it did not come so far. Reads a file.
    public static var startTimeline: Timeline? { timeline("start.json") }

    /// How the last run ended: phases, late workers, finalizers; nil when it did not end in order. Reads a file.
    public static var endTimeline: Timeline? { timeline("end.json") }

    private static func timeline(_ name: String) -> Timeline? {
        CrashCapture.installed?.kept(name).flatMap { try? Timeline(json: $0) }
    }
}
