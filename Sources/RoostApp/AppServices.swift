import CRoostCrash
import Roost
import RoostCrash

/// Puts the parts together, once in a process.
enum AppServices {
    /// Held for as long as the process lives.
    private static let watchdog = Locked<HangWatchdog?>(nil)

    static func start(_ program: String, _ survival: Survival) {
        // Whoever is late is in the report with the line where it is stuck, captured or not.
        Shutdown.process.stackSource = CensusStackSource()
        guard let configuration = survival.capture else { return watch(survival) }
        let capture = CrashCapture.install(program, configuration: configuration)
        let memory = RunMemory(capture: capture)
        Launch.memory = memory
        Shutdown.process.onEvent(on: InlinePort()) { note($0, memory) }
        Shutdown.process.onLast { memory.waitForEnd(until: $0) }
        watch(survival)
        settleLater(capture)
    }

    private static func watch(_ survival: Survival) {
        guard let configuration = survival.watchdog else { return }
        do {
            let made = try HangWatchdog(
                configuration, beat: { TaskPort.mainActor.post($0) },
                onEvent: { event in
                    let line = "\(event.hang)".split(separator: "\n").first ?? ""
                    CrashCapture.note(String(line))
                    CrashCapture.installed?.keep(event.hang)
                    survival.onHang(event)
                })
            watchdog.withLock { $0 = made }
        } catch {
            // The program runs unwatched.
            CrashCapture.installed?.note(problem: error)
        }
    }

    /// On the shutdown's own thread, before everybody else: nothing here waits for a disk.
    private static func note(_ event: ShutdownEvent, _ memory: RunMemory) {
        switch event {
        case .began(let cause, _):
            roost_crash_note_ending()
            CrashCapture.note("asked to end: \(cause)")
        case .abandoned(let late):
            for straggler in late { CrashCapture.note("late: \(straggler)") }
        case .ended(let report): memory.ended(report)
        case .waiting, .finalizing: break
        }
    }

    /// What the runs before left is looked up for good once this one has started; at once where a report is to be written, for this run may be over
    /// soon. After two seconds somebody has seen what the program says of it.
    private static func settleLater(_ capture: CrashCapture) {
        if capture.hasUnsettledRun { onQuietThread { capture.settle() } }
        _ = SystemTime.shared.schedule(after: .seconds(2)) {
            onQuietThread {
                capture.hasLasted()
                capture.settle()
            }
        }
    }

    private static func onQuietThread(_ body: @escaping @Sendable () -> Void) {
        _ = PlatformThread.start(name: "roost-last-run", options: .init(nice: 10, blocksSignals: true), body)
    }
}

/// Runs a job where it is posted: for what notes something and is done.
private final class InlinePort: DeliveryPort {
    func post(_ job: @escaping @Sendable () -> Void) { job() }
}
