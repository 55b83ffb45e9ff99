import CRoostProcess
import Glibc
import Roost

extension ProcessPool {
    /// What ``selfTest()`` found.
    public struct SelfTestReport: Sendable, Hashable, CustomStringConvertible {
        /// How many processes there were when the sacrificed app was killed: workers, and what they had started.
        public let processes: Int
        /// How long it took until all of them were gone.
        public let duration: Duration
        /// Those that were still alive after five seconds.
        public let survivors: [Int32]

        /// True when nothing was left after 100 ms.
        public var isGood: Bool { survivors.isEmpty && duration <= .milliseconds(100) }

        public var description: String {
            guard survivors.isEmpty else {
                return "of \(processes) processes these were left 5 s after the app was killed: \(survivors)"
            }
            return "of \(processes) processes nothing was left \(duration.short) after the app was killed"
        }
    }

    /// Proves on this machine that nothing is left when an app is killed: starts this program again as an app with workers that have
    /// children, in and out of their group, kills it with SIGKILL, and watches until all are gone.
    ///
    /// Takes some 50 ms. Throws ``ProcessPoolError`` when it could not be tried. The program's main has to begin with
    /// ``WorkerEntry/serveIfWorker()``; one that does not gets an error that says so, after 15 s at the latest.
    public static func selfTest() async throws -> SelfTestReport { try await selfTest(patience: .seconds(15)) }

    /// - Parameter patience: How long the sacrificed app may take until its workers work.
    package static func selfTest(patience: Duration) async throws -> SelfTestReport {
        // Here the sacrificed app itself came to what the program does: it would sacrifice another one, and that one the next.
        guard roost_victim_channel() < 0 else { throw SelfTest.noEntry("it did what the program does otherwise") }
        guard !WorkerEntry.isWorker else {
            throw ProcessPoolError(.insideWorker, "a self-test was tried inside a worker process")
        }
        let done = OneShot<Result<SelfTestReport, any Error>>()
        let failure = PlatformThread.start(name: "roost-self-test") {
            done.resolve(Result { try SelfTest.run(patience: patience) })
        }
        if let failure {
            throw ProcessPoolError(
                .systemLimit, "the self-test could not be started",
                underlying: SystemCallError(call: "pthread_create", errno: failure))
        }
        return try await done.value.get()
    }
}

/// Both sides of a self-test.
enum SelfTest {
    static func run(patience: Duration) throws -> ProcessPool.SelfTestReport {
        var ends: [Int32] = [-1, -1]
        let failure = roost_pipe(&ends, 0)
        guard failure == 0 else { throw SystemCallError(call: "pipe2", errno: failure) }
        defer { close(ends[0]) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let program = SpawnedProgram(
            path: "/proc/self/exe", arguments: [ExecutableIdentity.path],
            environment: SpawnedProgram.environment(adding: [
                String(cString: roost_victim_variable()): "3", "SWIFT_BACKTRACE": "enable=no",
            ]),
            folder: nil, descriptors: [null, null, null, ends[1]], hasOwnSession: false, diesWithThread: true)
        let victim = try program.spawn()
        close(ends[1])
        defer {
            kill(-victim.pid, SIGKILL)
            var end = roost_process_end()
            while roost_reap(victim.pidfd, &end) == -1 { usleep(200) }
            close(victim.pidfd)
        }
        let text = try line(from: ends[0], until: .now + patience, patience)
        let processes = text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        let starts = processes.map { roost_process_start($0) }
        kill(victim.pid, SIGKILL)
        let killed = MonotonicTime.now
        var survivors = processes
        while !survivors.isEmpty, MonotonicTime.now - killed < .seconds(5) {
            survivors = zip(processes, starts).filter { isAlive($0, $1) }.map(\.0)
            usleep(200)
        }
        return ProcessPool.SelfTestReport(
            processes: processes.count, duration: MonotonicTime.now - killed, survivors: survivors)
    }

    static func noEntry(_ what: String) -> ProcessPoolError {
        ProcessPoolError(
            .noWorkerEntry,
            "the self-test's app did not come to its workers: \(what); does main begin with "
                + "WorkerEntry.serveIfWorker(), or is the program a RoostApplication?")
    }

    /// What it says: which processes there are. From then on it works.
    private static func line(
        from pipe: Int32, until deadline: MonotonicTime, _ patience: Duration
    ) throws -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while !text.hasSuffix("\n") {
            let left = (deadline - .now).clampedNanoseconds / 1_000_000
            guard left > 0 else { throw noEntry("it said nothing within \(patience.short)") }
            var wait = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, Int32(clamping: left)) > 0 else { continue }
            let count = read(pipe, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw noEntry("it ended early") }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }

    private static func isAlive(_ process: Int32, _ start: UInt64) -> Bool {
        roost_process_start(process) == start && start != 0 && roost_process_is_zombie(process) == 0
    }

    /// The app that is going to be killed. Never returns.
    static func beVictim(_ channel: Int32) -> Never {
        do {
            let pool = try ProcessPool(ProcessPool.Configuration(name: "self-test", workers: 2...2))
            let processes = Locked<[Int32]>([])
            let isReady = Parker()
            for isRunaway in [false, true] {
                pool.start(SelfTestTask(isRunaway: isRunaway)).onUpdate(on: Inline()) { update in
                    let count = processes.withLock { all in
                        all += update
                        return all.count
                    }
                    if count == 4 { isReady.unpark() }
                }
            }
            if isReady.park(until: .now + .seconds(10)) {
                let text = processes.withLock { $0 }.map(String.init).joined(separator: " ") + "\n"
                _ = write(channel, text, text.utf8.count)
                while true { pause() }
            }
            withExtendedLifetime(pool) {}
        } catch {
            writeToStandardError("roost: the self-test's app: \(error)\n")
        }
        roost_leave(1)
    }
}

/// Delivers where the value is made.
private final class Inline: DeliveryPort {
    func post(_ job: @escaping @Sendable () -> Void) { job() }
}

/// Starts a process that sleeps for ever, and works for ever.
struct SelfTestTask: IsolatedTask {
    var isRunaway: Bool

    func run(_ worker: IsolatedWorker<[Int32]>) throws -> NoOutput {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        let program = SpawnedProgram(
            path: "/proc/self/exe", arguments: ["roost-sleeper"],
            environment: SpawnedProgram.environment(adding: [String(cString: roost_sleeper_variable()): "1"]),
            folder: nil, descriptors: [null, null, null], hasOwnSession: isRunaway, diesWithThread: false)
        let child = try program.spawn()
        if !isRunaway { setpgid(child.pid, getpgrp()) }
        worker.report([getpid(), child.pid])
        while true { roost_busy() }
    }
}
