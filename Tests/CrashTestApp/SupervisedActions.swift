import CRoostCrash
import Glibc
import ProcessTestNative
import ProcessTestTasks
import RoostCrash

/// What a program does whose parent is looked at.
enum SupervisedActions {
    /// Says how it was started, and whether a child of its own would be told that it has such a parent.
    static func start() {
        print("start: \(CrashSupervisor.start.map { "\($0)" } ?? "-")")
        print("in the environment: \(getenv("ROOST_SUPERVISED") != nil)")
        var status = stat()
        print("descriptors: \((3..<64 as Range<Int32>).filter { fstat($0, &status) == 0 && fcntl($0, F_GETFD) == 0 })")
        fflush(nil)
    }

    /// Kills itself at each start but that with this number.
    static func restarts(_ words: [String]) {
        start()
        if let run = CrashCapture.installed?.lastRun { print("before: \(run.summary)") }
        fflush(nil)
        let good = words.first.flatMap { Int($0) } ?? -1
        switch CrashSupervisor.start {
        case .restarted(let times)? where times == good: exit(4)
        case .toAsk(let times)? where times == good: exit(5)
        default: kill(getpid(), SIGKILL)
        }
    }

    /// So many bytes, each of which tells its place.
    static func printErrors(_ words: [String]) {
        let size = words.first.flatMap { Int($0) } ?? 0
        let bytes = (0..<size).map { (place: Int) -> UInt8 in
            let turn = place * 31 + place / 90
            return UInt8(33 + turn % 90)
        }
        var place = 0
        while place < size {
            let count = bytes.withUnsafeBytes {
                write(STDERR_FILENO, $0.baseAddress! + place, min(size - place, 10_000))
            }
            guard count > 0 else { break }
            place += count
        }
        print("printed \(place)")
        fflush(nil)
        if words.count > 1 { pause() }
    }

    /// Until the kernel has no more for it; at most so many megabytes, should there be no limit.
    static func eat(_ words: [String]) {
        for _ in 0..<(words.first.flatMap { Int($0) } ?? 0) {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            memset(memory, 1, 1 << 20)
        }
        print("ate all of it")
    }

    /// Ends as one whose budget is over.
    static func late() {
        CrashCapture.note("late")
        roost_crash_note_end(UInt32(ROOST_END_PAST_BUDGET), 70)
        _exit(70)
    }

    /// One that holds the standard error for a long time.
    static func leaveAChild() {
        let child = native_fork()
        if child == 0 {
            setpgid(0, 0)
            // No loop over a range: its type may be made at this moment, under a lock that another thread held when this one was copied.
            var descriptor: Int32 = 0
            while descriptor < 4096 {
                if descriptor != STDERR_FILENO { close(descriptor) }
                descriptor += 1
            }
            while true { pause() }
        }
        setpgid(child, child)
        print("child \(child)")
        fflush(nil)
        exit(3)
    }

    /// Says each signal that comes. At SIGUSR2 it leaves; at SIGTERM after a SIGINT, and after a minute without any, it ends by SIGINT.
    static func countSignals() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGWINCH] { sigaddset(&set, number) }
        sigprocmask(SIG_BLOCK, &set, nil)
        print("ready \(getpid())")
        fflush(nil)
        var hasInterrupt = false
        while true {
            var time = timespec(tv_sec: 60, tv_nsec: 0)
            let number = sigtimedwait(&set, nil, &time)
            // Who was stopped and goes on is interrupted.
            if number < 0, errno == EINTR { continue }
            guard number > 0 else { break }
            // First, so that whoever sees the line knows that this did not end it.
            let text = "on standard error: \(number)\n"
            write(STDERR_FILENO, text, text.utf8.count)
            print("got \(number)")
            fflush(nil)
            if number == SIGUSR2 { exit(0) }
            if number == SIGINT { hasInterrupt = true }
            if number == SIGTERM, hasInterrupt { break }
        }
        signal(SIGINT, SIG_DFL)
        kill(getpid(), SIGINT)
        sigprocmask(SIG_UNBLOCK, &set, nil)
    }

    /// Words on standard error, and then an end that nobody can see coming.
    static func printAndKill(_ words: [String]) {
        let text = words.joined(separator: " ") + "\n"
        write(STDERR_FILENO, text, text.utf8.count)
        kill(getpid(), SIGKILL)
    }
}
