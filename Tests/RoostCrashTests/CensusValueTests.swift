import Testing

@testable import RoostCrash

/// What a census is made of, without a thread.
@Suite struct CensusValueTests {
    private func door(limits: Set<Int32> = []) -> SystemCall.Door {
        .init(
            file: { $0 == 7 ? "/tmp/fifo" : nil }, pair: { $0 == 0x1000 ? (2, 500_000_000) : nil },
            hasLimit: { limits.contains($0) })
    }

    private func call(_ name: String, _ arguments: UInt64...) -> SystemCall {
        SystemCall(name: name, arguments: arguments + Array(repeating: 0, count: 6 - arguments.count))
    }

    @Test func onlyWhatIsKnownToGoOnIsInterrupted() {
        let door = door(limits: [9])
        for name in ["read", "write", "wait4", "flock", "openat", "recvmsg"] { #expect(call(name, 7).restarts(door)) }
        for name in [
            "nanosleep", "clock_nanosleep", "poll", "ppoll", "epoll_wait", "select", "pause", "semop", "io_getevents",
            "restart_syscall", "rt_sigtimedwait", "system call 999",
        ] {
            #expect(!call(name, 7).restarts(door), "\(name)")
        }
        // A socket with a time limit.
        #expect(!call("recvfrom", 9).restarts(door) && !call("read", 9).restarts(door))
        // A wait without a limit, one with a limit, a lock; with the flag for private ones.
        #expect(call("futex", 0x10, 0x80, 2, 0).restarts(door))
        #expect(!call("futex", 0x10, 0x80, 2, 0x1000).restarts(door))
        #expect(!call("futex", 0x10, 0x189, 2, 0x1000).restarts(door))
        #expect(call("futex", 0x10, 0x86, 0, 0).restarts(door))
    }

    @Test func argumentsSaySomething() {
        #expect(call("read", 7).description(door()) == "7 → /tmp/fifo")
        #expect(call("read", 8).description(door()) == "8")
        #expect(call("nanosleep", 0x1000).description(door()) == "2.5 s")
        #expect(call("nanosleep", 0x2000).description(door()) == "")
        #expect(call("clock_nanosleep", 0, 0, 0x1000).description(door()) == "2.5 s")
        #expect(call("poll", 0, 3, 0xFFFF_FFFF).description(door()) == "3 files, no limit")
        #expect(call("poll", 0, 1, 20).description(door()) == "1 file, 20 ms")
        #expect(call("epoll_wait", 7, 0, 0, 100).description(door()) == "7 → /tmp/fifo, 100 ms")
        #expect(call("futex", 0x10, 0x80).description(door()) == "0x10, no limit")
    }

    @Test func aHolderIsAThreadOfThisProcess() {
        func finder(_ words: [UInt32], isStillIn: Bool = true) -> LockFinder {
            LockFinder(
                words: { _, count in words.count >= count ? Array(words.prefix(count)) : nil }, threads: [100, 101],
                isStillIn: { _, _ in isStillIn })
        }
        let plain = call("futex", 0x40, 0x80, 2, 0)
        #expect(finder([2, 0, 101, 1, 0]).lock(plain, waiter: 100)?.holder == 101)
        #expect(finder([2, 0, 101, 1, 0]).lock(plain, waiter: 100)?.kind == .pthreadMutex)
        // Locked twice by one thread, which waits for itself.
        #expect(finder([2, 0, 100, 1, 0]).lock(plain, waiter: 100)?.holder == 100)
        // It has it by now.
        #expect(finder([2, 0, 100, 1, 0], isStillIn: false).lock(plain, waiter: 100) == nil)
        #expect(finder([2, 0, 101, 1, 0], isStillIn: false).lock(plain, waiter: 100)?.holder == 101)
        // Free, somebody of another process, not a mutex, no memory.
        #expect(finder([0, 0, 0, 1, 0]).lock(plain, waiter: 100) == nil)
        #expect(finder([2, 0, 999, 1, 0]).lock(plain, waiter: 100) == nil)
        #expect(finder([2, 0, 101, 0, 0]).lock(plain, waiter: 100) == nil)
        #expect(finder([2, 0, 101, 1, 70_000]).lock(plain, waiter: 100) == nil)
        #expect(finder([]).lock(plain, waiter: 100) == nil)
        // The holder in the word, with the bits for waiters and for a holder that died.
        let inherited = call("futex", 0x40, 0x86)
        #expect(finder([101 | 0x8000_0000]).lock(inherited, waiter: 100)?.kind == .mutex)
        #expect(finder([101 | 0xC000_0000]).lock(inherited, waiter: 100)?.holder == 101)
        #expect(finder([999]).lock(inherited, waiter: 100) == nil)
        #expect(finder([101]).lock(call("read", 7), waiter: 100) == nil)
    }

    @Test func kindsByNameAndStack() {
        func kind(
            _ images: String?..., name: String = "x", owner: ThreadKind.Owner? = nil, isMain: Bool = false
        ) -> ThreadKind {
            ThreadKind(
                isMain: isMain, name: name, owner: owner, stack: images.map { .init(image: $0, symbol: nil) },
                program: "app")
        }
        #expect(kind("app", "libc.so.6", "libc.so.6", isMain: true) == .main)
        #expect(kind("app", "libc.so.6") == .program)
        #expect(kind("libc.so.6", "app", "libstdc++.so.6.0.30", "libc.so.6") == .program)
        #expect(kind("libc.so.6", "libx.so.1", "libc.so.6", "libc.so.6") == .library("libx.so.1"))
        #expect(kind("app", "libglib-2.0.so.0", "libc.so.6") == .glib)
        #expect(kind("libc.so.6", "libdispatch.so", "libc.so.6") == .dispatch)
        #expect(kind("app", "libswift_Concurrency.so", "libdispatch.so", "libc.so.6") == .swiftConcurrency)
        #expect(kind("app", "libc.so.6", owner: .pool("p")) == .pool("p"))
        #expect(kind("app", "libc.so.6", name: "roost-timers") == .roost)
        #expect(kind(name: "gdbus") == .glib)
        #expect(kind() == .unknown)
    }

    @Test func durationsAreReadable() {
        #expect(Amount.of(.microseconds(340)) == "340 µs")
        #expect(Amount.of(.microseconds(1_234)) == "1.2 ms")
        #expect(Amount.of(.milliseconds(250)) == "250 ms")
        #expect(Amount.of(.milliseconds(2_350)) == "2.3 s")
        #expect(Amount.of(.seconds(200)) == "3 min 20 s")
        #expect(Amount.of(.seconds(Int64.max)) == "\(Int64.max) s")
    }
}
