import CRoostCrash
import Glibc
import RoostCrashReport
import RoostSymbols

/// A program as the child of its own small parent: whatever ends it, its report is whole.
///
/// The parent holds the program's standard error, so that the report has the message; it knows the true status, so that SIGKILL and the kernel's
/// way out of a want of memory have a name; it runs the finalizers that a killed program cannot run, and may start the program again
/// (``RestartPolicy``). The next start, which is told as always, has all of that in ``CrashCapture/lastRun``.
///
/// What is different for the program:
/// - Its standard error is a pipe, also on a terminal: programs that ask with `isatty` print without colours, and what stands on standard output and
///   standard error of one terminal may be out of order by some microseconds. Whoever takes what the parent passes on so slowly that
///   256 KB wait, and then nothing for a second, finds a note of how much was left out.
/// - It is in its parent's process group and session. What the terminal sends reaches both, and the parent leaves it to the program; what others send to
///   the parent is passed on, once. A signal that a process sends to the whole group (`kill -- -GROUP`) reaches the program twice: of SIGINT and SIGQUIT,
///   to which a second one means *at once*, the two count as one if they come within two seconds. SIGSTOP and SIGKILL for the parent cannot be passed on,
///   and signals of faults (SIGABRT, SIGSEGV and so on) are its own: the program then gets SIGTERM.
/// - When its parent is killed, it gets SIGTERM: an orderly end.
/// - Processes that it leaves behind go to the parent until that ends, too; what they print on its standard error after that is an error of their
///   write.
public enum CrashSupervisor {
    private static let current = Guarded<SupervisedStart?>(nil)

    /// How this process was started; nil before ``run(_:configuration:restart:)``.
    public static var start: SupervisedStart? { current.withLock { $0 } }

    /// In the process that somebody started, never returns: starts this program again, with the same arguments and environment, and ends as
    /// that ends, with the same status or by the same signal. In the process that it starts, returns at once, as does every further call.
    ///
    /// The very first in `main`, before any thread is started: returns ``SupervisedStart/unsupervised(_:)`` when there is one, or when the
    /// system has no room for one more process; the program must be able to start.
    ///
    /// - Parameters:
    ///   - program: the name that ``CrashCapture/install(_:configuration:)`` gets.
    ///   - configuration: what it gets.
    ///   - restart: what follows when the program ended badly.
    @discardableResult
    public static func run(
        _ program: String, configuration: CrashCapture.Configuration = CrashCapture.Configuration(),
        restart: RestartPolicy = .never
    ) -> SupervisedStart {
        if let start { return start }
        let start = started() ?? supervise(program, configuration, restart)
        current.withLock { $0 = start }
        return start
    }

    /// In the child.
    private static func started() -> SupervisedStart? {
        var (mode, count): (Int32, Int32) = (0, 0)
        guard roost_supervised(&mode, &count) != 0, let mode = SupervisedStart.Mode(rawValue: mode) else { return nil }
        return SupervisedStart(mode, times: Int(count))
    }

    /// In the parent; returns when there is no child.
    private static func supervise(
        _ program: String, _ configuration: CrashCapture.Configuration, _ restart: RestartPolicy
    ) -> SupervisedStart {
        guard roost_supervisor_threads() == 1 else {
            return .unsupervised("threads were started before: a supervised program calls its supervisor first")
        }
        var intensity = RestartIntensity(restart)
        var mode = SupervisedStart.Mode.first
        var status: Int32?
        var count: Int32 = 0
        while true {
            let kills = MemoryKills.now()
            var request = roost_supervise_request(
                arguments: CommandLine.unsafeArgv, mode: mode.rawValue, count: count,
                keeps_descriptors: restart == .never ? 0 : 1)
            var result = roost_supervise_result()
            let failure = roost_supervise(&request, &result)
            if failure != 0 {
                if let status { roost_supervisor_end(status) }
                return .unsupervised("\(StoreError("start the program as a child of itself", errno: failure))")
            }
            status = result.status
            let verdict = child(program, configuration, result, kills).handle()
            guard verdict == .bad, roost_supervisor_asked() == 0, intensity.allowsStart(at: .now) else {
                roost_supervisor_end(result.status)
            }
            count += 1
            mode = if case .ask = restart { .toAsk } else { .restarted }
        }
    }

    private static func child(
        _ program: String, _ configuration: CrashCapture.Configuration, _ result: roost_supervise_result,
        _ kills: MemoryKills
    ) -> DeadChild {
        var output = [CChar](repeating: 0, count: 64 * 1024)
        var count = 0
        let all = roost_supervised_output(&output, output.count, &count)
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return DeadChild(
            program: program, configuration: configuration, process: result.process, began: result.began_ns,
            seen: RunWitness(
                end: ProcessEnd(waitStatus: result.status) ?? .exited(0),
                time: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec),
                output: output.prefix(count).map { UInt8(bitPattern: $0) }, outputIsCut: all > UInt64(count),
                hasMemoryKill: MemoryKills.now().moved(since: kills)))
    }
}
