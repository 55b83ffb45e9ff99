import CensusTestNative
import Dispatch
import Glibc
import Roost
import RoostCrash
import Synchronization

/// A thread of each kind.
enum Kinds {
    static func run(fifo: String) throws {
        let scope = WorkerScope("the fields")
        let worker = scope.start("count sheep") { worker in
            try worker.checkpoint()  // here: checkpoint
            return readInTheWorker(fifo)
        }
        let camera = SerialThread("camera")
        camera.post { census_wait(nil) }
        DispatchQueue.global().async { census_wait(nil) }
        let task = Task.detached { waitOnTheCooperativePool() }
        census_thread("own", census_wait, nil)
        let hasOpenBLAS = census_use_openblas() != 0
        let hasGLib = census_use_glib() != 0
        wait {
            waits("own", in: "pause") && waits("camera", in: "pause")
                && ThreadCensus.take(.init(interrupting: .never, names: false)).threads.count {
                    $0.wait?.systemCall == "pause"
                } >= (hasGLib ? 6 : 4)
                && ThreadCensus.take(.init(interrupting: .never, names: false)).threads.contains {
                    $0.wait?.systemCall == "read"
                }
        }
        let census = ThreadCensus.take(.init(wait: .seconds(2)))
        try say(json: census)
        try say(json: ["openblas": hasOpenBLAS, "glib": hasGLib])
        say("\(census)")
        withExtendedLifetime((worker, task)) {}
    }

    @inline(never) nonisolated static func waitOnTheCooperativePool() { census_wait(nil) }
}

/// Two locks, each held by somebody who reads a FIFO, and somebody who waits for it.
enum Locks {
    static let mutex = Mutex(0)
    static let fifo = Mutex("")

    static func run(fifo: String) throws {
        self.fifo.withLock { $0 = fifo }
        let scope = WorkerScope("kitchen")
        let worker = scope.start("hold the lock") { _ in
            census_lock()
            let got = readInTheWorker(fifo)
            census_unlock()
            return got
        }
        census_thread(
            "holds Mutex", { _ in Locks.mutex.withLock { $0 = Int(readInTheWorker(Locks.fifo.withLock { $0 })) } }, nil)
        wait {
            ThreadCensus.take(.init(interrupting: .never, names: false)).threads.count { $0.wait?.systemCall == "read" }
                == 2
        }
        census_thread("waits pthread", { _ in census_lock() }, nil)
        census_thread("waits Mutex", { _ in Locks.mutex.withLock { _ in } }, nil)
        wait { waits("waits pthread", in: "futex") && waits("waits Mutex", in: "futex") }
        let census = ThreadCensus.take(.init(wait: .seconds(2)))
        try say(json: census)
        say("\(census)")
        withExtendedLifetime(worker) {}
    }
}

/// Threads that cannot answer.
enum Silent {
    static func run() throws {
        census_thread("in the kernel", census_wait_uninterruptibly, nil)
        census_thread("deaf", census_block_signals, nil)
        census_thread("computes", census_compute, nil)
        wait {
            let threads = ThreadCensus.take(.init(interrupting: .never, names: false)).threads
            return threads.contains { $0.name == "in the kernel" && $0.state == .uninterruptible }
                && threads.contains { $0.name == "computes" && $0.state == .running } && waits("deaf", in: "pause")
        }
        let first = ThreadCensus.take(.init(wait: .seconds(2)))
        try say(json: first)
        census_thread("late", census_wait, nil)
        wait { waits("late", in: "pause") }
        let second = ThreadCensus.take(.init(wait: .seconds(2)))
        try say(json: second.changes(since: first))
        say("\(second)")
        say("\(second.changes(since: first))")
    }

    static func runForAMoment() throws {
        census_thread("deaf a while", census_be_deaf_for_a_moment, nil)
        census_wait_for_the_deaf()
        try say(json: ThreadCensus.take(.init(wait: .seconds(2))))
        // And who takes it, when it lets no signal in.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
        try say(json: ThreadCensus.take(.init(wait: .seconds(2))))
    }
}

/// More threads than any table has room for.
enum Many {
    static func run(_ count: Int) throws {
        for _ in 0..<count { census_thread("one of many", census_wait, nil) }
        wait {
            ThreadCensus.take(.init(interrupting: .never, names: false)).threads.count {
                $0.wait?.systemCall == "pause"
            } == count
        }
        let census = ThreadCensus.take(.init(wait: .seconds(5)))
        try say(json: census)
        say("\(census)")
    }

    static func speed(_ count: Int) {
        for _ in 0..<count { census_thread("one of many", census_wait, nil) }
        wait {
            ThreadCensus.take(.init(interrupting: .never, names: false)).threads.count {
                $0.wait?.systemCall == "pause"
            } == count
        }
        for _ in 0..<6 { say("\(ThreadCensus.take().took)") }
    }
}

/// What a census must not disturb.
enum Quiet {
    struct Seen: Codable {
        var sleptMicroseconds: Int64
        var sleptUnderAll: Int64
        var read: Int64
        var refusal: String?
    }

    static func run(fifo: String) throws {
        let slept = Atomic<Int64>(0)
        func sleepBeside(_ interrupting: ThreadCensus.Interrupting) -> (Int64, String?) {
            slept.store(0, ordering: .relaxed)
            Sleeper.shared.slept.store(0, ordering: .relaxed)
            census_thread(
                "sleeps", { _ in Sleeper.shared.slept.store(census_sleep_once(300), ordering: .relaxed) }, nil)
            wait { waits("sleeps", in: "clock_nanosleep") || waits("sleeps", in: "nanosleep") }
            var refusal: String?
            while Sleeper.shared.slept.load(ordering: .relaxed) == 0 {
                let sleeper = ThreadCensus.take(.init(interrupting: interrupting, names: false)).threads.first {
                    $0.name == "sleeps"
                }
                refusal = refusal ?? sleeper?.stackProblem
                usleep(5_000)
            }
            return (Sleeper.shared.slept.load(ordering: .relaxed), refusal)
        }
        let (undisturbed, refusal) = sleepBeside(.onlyRestartable)
        let (disturbed, _) = sleepBeside(.all)

        Locks.fifo.withLock { $0 = fifo }
        census_thread(
            "reads",
            { _ in Sleeper.shared.read.store(readInTheWorker(Locks.fifo.withLock { $0 }), ordering: .relaxed) }, nil)
        wait { waits("reads", in: "read") }
        for _ in 0..<20 { _ = ThreadCensus.take() }
        say("reading")
        wait { Sleeper.shared.read.load(ordering: .relaxed) != 0 }
        try say(
            json: Seen(
                sleptMicroseconds: undisturbed, sleptUnderAll: disturbed,
                read: Sleeper.shared.read.load(ordering: .relaxed),
                refusal: refusal))
    }

    final class Sleeper: Sendable {
        static let shared = Sleeper()
        let slept = Atomic<Int64>(0)
        let read = Atomic<Int64>(0)
    }
}

/// Somebody else who uses the signal.
enum Profiler {
    static func run() throws {
        var counts: [Int64] = []
        for hasInformation: Int32 in [0, 1] {
            census_profile(hasInformation)
            census_send_profiling_signal()
            counts.append(census_profiled())
            // This one takes the signal over, and asks threads by it.
            let census = ThreadCensus.take(.init(wait: .seconds(2)))
            counts.append(Int64(census.threads.count { $0.stack == nil }))
            counts.append(census_profiled())
            census_send_profiling_signal()
            counts.append(census_profiled())
        }
        try say(json: counts)
    }
}

/// Several censuses at once.
enum AtOnce {
    final class Results: Sendable {
        static let shared = Results()
        let done = Atomic<Int>(0)
        let stacks = Atomic<Int>(0)
        let longest = Atomic<Int64>(0)
        let refusals = Mutex<[String]>([])
    }

    struct Seen: Codable {
        var whole: Int
        var longest: Int64
        /// Why somebody who only waits has no stack.
        var refusals: [String]
    }

    static func run() throws {
        for _ in 0..<20 { census_thread("waits", census_wait, nil) }
        for _ in 0..<4 {
            census_thread(
                "asks",
                { _ in
                    for _ in 0..<25 {
                        let census = ThreadCensus.take(.init(wait: .seconds(2), names: false))
                        let silent = census.threads.filter { $0.name == "waits" && $0.stack == nil }
                        Results.shared.stacks.wrappingAdd(silent.isEmpty ? 1 : 0, ordering: .relaxed)
                        Results.shared.refusals.withLock { $0 += silent.compactMap(\.stackProblem) }
                        Results.shared.longest.max(Int64(census.took / .milliseconds(1)), ordering: .relaxed)
                    }
                    Results.shared.done.wrappingAdd(1, ordering: .relaxed)
                }, nil)
        }
        // Threads that come and go: who has just been listed may be over before it answers.
        while Results.shared.done.load(ordering: .relaxed) < 4 { census_thread_that_goes() }
        let results = Results.shared
        try say(
            json: Seen(
                whole: results.stacks.load(ordering: .relaxed), longest: results.longest.load(ordering: .relaxed),
                refusals: results.refusals.withLock { $0 }))
    }
}
