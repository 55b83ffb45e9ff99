import BenchSupport
import CBench
import Glibc
import RoostCrash

/// A program with so many threads, which lists them itself or has somebody else do it.
@main struct BenchCensus {
    @MainActor static func main() {
        benchmarkMain { peer, name, counts in
            let parts = name.split(separator: "-")
            if peer == "roost", name == "watchdog-idle" { return watchdog(seconds: 10) }
            guard parts.count == 2, parts[0] == "census", let threads = Int(parts[1]) else { return nil }
            bench_allow_tracing()
            // The main thread is one of them.
            for _ in 1..<threads { _ = startThread { waitForEver() } }
            waitUntilAllWait(threads)
            switch peer {
            case "roost": return try ours(threads)
            case "eu-stack": return try theirs("eu-stack -p \(getpid())", "^TID ", threads)
            case "eu-stack-lines": return try theirs("eu-stack -i -s -p \(getpid())", "^TID ", threads)
            case "gdb":
                return try theirs("gdb -nx -batch -p \(getpid()) -ex 'thread apply all bt'", "^Thread [0-9]", threads)
            default: return nil
            }
        }
    }

    @inline(never) nonisolated static func waitForEver() { while true { pause() } }

    static func waitUntilAllWait(_ threads: Int) {
        while ThreadCensus.take(.init(interrupting: .never, names: false)).threads.count(where: {
            $0.wait?.systemCall == "pause"
        }) < threads - 1 { usleep(1_000) }
    }

    struct Wrong: Error { let what: String }

    static func ours(_ threads: Int) throws -> Values {
        var times = [Double]()
        for _ in 0..<21 {
            let begin = now()
            let census = ThreadCensus.take()
            times.append(Double(now() - begin) / 1e6)
            let isWhole =
                census.threads.count == threads
                && census.threads.allSatisfy { thread in
                    thread.kind == .main
                        || thread.stack?.frames.contains { $0.symbol?.contains("waitForEver") == true } == true
                }
            guard isWhole else { throw Wrong(what: "a thread has no stack") }
        }
        return ["cold_ms": times[0], "warm_ms": Array(times.dropFirst()).median, "threads": Double(threads)]
    }

    /// The other one stops this process while it looks, and is asked for nothing but what it prints.
    static func theirs(_ command: String, _ line: String, _ threads: Int) throws -> Values {
        var times = [Double]()
        for _ in 0..<4 {
            let file = "/tmp/bench-census-\(getpid())"
            defer { unlink(file) }
            let begin = now()
            let status = system("\(command) >\(file) 2>/dev/null")
            times.append(Double(now() - begin) / 1e6)
            if status >> 8 == 127 { throw Wrong(what: "skipped: there is no \(command.prefix { $0 != " " })") }
            let counted = system("test $(grep -cE '\(line)' \(file)) -eq \(threads) && grep -q waitForEver \(file)")
            guard counted == 0 else { throw Wrong(what: "a thread has no stack") }
        }
        return ["cold_ms": times[0], "warm_ms": Array(times.dropFirst()).median, "threads": Double(threads)]
    }

    /// Processor time over so many seconds in which nothing happens, with a main thread that waits as one of a window does.
    @MainActor static func watchdog(seconds: UInt64) -> Values {
        func used() -> Double {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        }
        let hangs = Counter()
        let watchdog = try? HangWatchdog { _ in hangs.add() }
        serve(milliseconds: 500)
        let (before, begin) = (used(), now())
        serve(milliseconds: Int(seconds) * 1_000)
        let percent = (used() - before) * 1e3 / Double(now() - begin) * 100
        watchdog?.stop()
        return ["percent": watchdog == nil ? -1 : percent, "hangs": Double(hangs.count)]
    }

    @MainActor static func serve(milliseconds: Int) {
        let queue = _dispatch_get_main_queue_handle_4CF()
        let end = now() + UInt64(milliseconds) * 1_000_000
        while now() < end {
            var descriptor = pollfd(fd: queue, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, Int32((end - min(end, now())) / 1_000_000) + 1) > 0 else { continue }
            var count: UInt64 = 0
            _ = read(queue, &count, 8)
            _dispatch_main_queue_callback_4CF(nil)
        }
    }
}
