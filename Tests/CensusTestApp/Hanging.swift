import CRoostPlatform
import CensusTestNative
import Glibc
import Roost
import RoostCrash
import Synchronization

/// A main thread with a loop that serves libdispatch's main queue, as a toolkit's does, and hangs when it is told to.
enum Hanging {
    static func run(_ way: String, fifo: String) throws {
        Locks.fifo.withLock { $0 = fifo }
        let watchdog = try watch()
        serve(for: .milliseconds(300))
        switch way {
        case "busy": computeOnMain(for: .seconds(2))
        case "pthread":
            let scope = WorkerScope("kitchen")
            let worker = scope.start("hold the lock") { _ in
                census_lock()
                defer { census_unlock() }
                return readInTheWorker(fifo)
            }
            wait {
                ThreadCensus.take(.init(interrupting: .never, names: false)).threads.contains {
                    $0.wait?.systemCall == "read"
                }
            }
            waitForLockOnMain()
            withExtendedLifetime(worker) {}
        case "mutex":
            census_thread(
                "holds Mutex", { _ in Locks.mutex.withLock { $0 = Int(readInTheWorker(Locks.fifo.withLock { $0 })) } },
                nil)
            wait { waits("holds Mutex", in: "read") }
            waitForMutexOnMain()
        case "fifo": say("read \(readOnMain(fifo))")
        case "storm":
            for _ in 0..<12 {
                computeOnMain(for: .milliseconds(120))
                serve(for: .milliseconds(60))
            }
            say("untold \(watchdog.untold)")
        default: exit(2)
        }
        serve(for: .milliseconds(500))
        watchdog.stop()
        wait {
            !ThreadCensus.take(.init(interrupting: .never, names: false)).threads.contains {
                $0.name == "roost-watchdog"
            }
        }
        say("over")
    }

    /// Says when it watches; the test stops the process and lets it go on, and then something comes on standard input.
    static func beStopped() throws {
        let watchdog = try watch()
        serve(for: .milliseconds(400))
        say("watched")
        // It is stopped in the middle of something, with a beat that it has not answered.
        repeat { computeOnMain(for: .milliseconds(100)) } while !turn(0, input: 0)
        computeOnMain(for: .milliseconds(600))
        serve(for: .milliseconds(400))
        watchdog.stop()
        say("over")
    }

    /// What the watch costs while nothing happens: microseconds of processor time in so many seconds, without and with it.
    static func idle(seconds: Int) throws {
        func used() -> Int64 {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
                + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        }
        serve(for: .milliseconds(100))
        let start = used()
        serve(for: .seconds(seconds))
        let without = used() - start
        let watchdog = try HangWatchdog { _ in }
        serve(for: .milliseconds(500))
        let again = used()
        serve(for: .seconds(seconds))
        try say(json: ["without": without, "with": used() - again, "microseconds": Int64(seconds) * 1_000_000])
        watchdog.stop()
    }

    private static func watch() throws -> HangWatchdog {
        let isStorm = CommandLine.arguments.contains("storm")
        let configuration = HangWatchdog.Configuration(
            threshold: isStorm ? .milliseconds(50) : .milliseconds(250), mostPerMinute: isStorm ? 3 : 10)
        return try HangWatchdog(configuration) { event in
            switch event {
            case .began(let hang):
                say("began")
                try? say(json: hang)
                say("\(hang)\n.")
            case .ended(let hang):
                say("ended")
                try? say(json: hang)
            }
        }
    }

    private static let computed = Atomic<Int>(0)

    @inline(never) static func computeOnMain(for duration: Duration) {
        census_compute_for(Int64(duration / .milliseconds(1)))  // here: busy
        computed.add(1, ordering: .relaxed)  // so that the call above is not this function's last
    }

    @inline(never) static func waitForLockOnMain() {
        census_lock()  // here: pthread
        census_unlock()
    }

    @inline(never) static func waitForMutexOnMain() {
        Locks.mutex.withLock { $0 += 1 }  // here: mutex
    }

    @inline(never) static func readOnMain(_ fifo: String) -> Int64 {
        let got = readInTheWorker(fifo)  // here: fifo
        // Were that the last call, a release build would jump there.
        fflush(nil)
        return got
    }

    // MARK: The loop

    private static func serve(for duration: Duration) {
        let end = ContinuousClock.now + duration
        while true {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            guard left > 0 else { return }
            turn(Int32(left) + 1, input: -1)
        }
    }

    /// True when there is input.
    @discardableResult private static func turn(_ milliseconds: Int32, input: Int32) -> Bool {
        let queue = roost_main_queue_descriptor()
        var files = [
            pollfd(fd: queue, events: Int16(POLLIN), revents: 0), pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&files, 2, milliseconds) > 0 else { return false }
        if files[0].revents != 0 {
            var count: UInt64 = 0
            _ = read(queue, &count, 8)
            roost_main_queue_drain()
        }
        return files[1].revents != 0
    }
}
