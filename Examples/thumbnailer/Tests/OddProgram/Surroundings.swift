import CProgramDoor
import Dispatch
import Glibc
import Roost
import RoostTerminal

/// What children get.
enum Inheritance {
    /// A child before anything of Roost, one from main, and one from a worker: each prints its signal masks.
    @Sendable static func children() -> Never {
        printSignals("before")
        OddProgram.run {
            let terminal = Terminal()
            terminal.attach(to: .process)
            printSignals("main")
            let scope = WorkerScope("children")
            try await scope.run("child") { _ in printSignals("worker") }
            try await SerialThread("own").run { printSignals("thread") }
            return 0
        }
    }

    private static func printSignals(_ name: String) {
        let script = "echo \(name) $(grep -E '^Sig(Blk|Ign|Cgt)' /proc/$$/status)"
        let words = ["/bin/sh", "-c", script]
        var arguments = words.map { strdup($0) as UnsafeMutablePointer<CChar>? } + [nil]
        var process: pid_t = 0
        guard posix_spawn(&process, "/bin/sh", nil, nil, &arguments, environ) == 0 else { return }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        for argument in arguments { free(argument) }
    }
}

/// Threads that keep a lock which the end of a process may want.
enum Locks {
    private static func keepStandardOutput() {
        let held = DispatchSemaphore(value: 0)
        // On a thread that nobody waits for: Dispatch's.
        DispatchQueue.global().async {
            door_lock_standard_output()
            held.signal()
            while true { sleep(1_000) }
        }
        held.wait()
    }

    @Sendable static func standardOutput() -> Never {
        OddProgram.run {
            keepStandardOutput()
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            return 0
        }
    }

    @Sendable static func standardOutputAndReturn() -> Never {
        OddProgram.run {
            keepStandardOutput()
            return 5
        }
    }

    /// From here on every allocation blocks its thread for ever.
    @Sendable static func allocator() -> Never {
        OddProgram.run {
            door_keep_allocator_lock()
        }
    }
}

extension Locks {
    /// A worker that is late, and takes the allocator away from everybody while it is waited for.
    @Sendable static func allocatorWhileLate() -> Never {
        OddProgram.run {
            let looks = OddProgram.looks()
            let scope = WorkerScope("letters")
            let worker = scope.start("count letters") { worker in
                try worker.checkpoint()
                OddProgram.say("started")
                try? worker.token.sleep(for: .seconds(60))
                OddProgram.wait(forLooks: looks)
                door_keep_allocator_lock()
            }
            _ = await worker.ending
            return 0
        }
    }
}

/// Programs that use a terminal.
enum Screens {
    /// Reads single keys, and shows progress, until it is asked to stop.
    @Sendable static func raw() -> Never {
        OddProgram.run {
            let terminal = Terminal()
            terminal.attach(to: .process)
            makeRaw()
            let scope = WorkerScope("keys")
            let worker = scope.start("progress") { worker in
                for step in 1... {
                    terminal.show("keys", WorkerProgress(step, of: 1_000))
                    try worker.sleep(for: .milliseconds(100))
                }
            }
            _ = await worker.ending
            return 0
        }
    }

    /// Reads single keys as well, and its worker does not stop when it is asked to.
    @Sendable static func rawStubborn() -> Never {
        OddProgram.run(budget: .seconds(3)) {
            let terminal = Terminal()
            terminal.attach(to: .process)
            makeRaw()
            let scope = WorkerScope("keys")
            let worker = scope.start("keys forever") { _ in
                terminal.show("keys", WorkerProgress(1, of: 1_000))
                OddProgram.ignoreEverything(for: .seconds(30))
            }
            _ = await worker.ending
            return 0
        }
    }

    private static func makeRaw() {
        var settings = termios()
        tcgetattr(0, &settings)
        settings.c_lflag &= ~tcflag_t(ECHO | ICANON)
        tcsetattr(0, TCSANOW, &settings)
    }

    /// Draws all the time, and does not end when it is asked to.
    @Sendable static func busy() -> Never {
        OddProgram.run(budget: .seconds(5)) {
            var options = Terminal.Options()
            options.interval = .zero
            let terminal = Terminal(options)
            terminal.attach(to: .process)
            let scope = WorkerScope("draws")
            let worker = scope.start("draws") { worker in
                let end = MonotonicTime.now + .seconds(10)
                var step = 0
                while MonotonicTime.now < end {
                    step += 1
                    // Each erases the moving line and draws it again: the cursor comes and goes.
                    terminal.line("line \(step)")
                    terminal.show("draws", WorkerProgress(step % 1_000, of: 1_000))
                    usleep(3_000)
                }
            }
            _ = await worker.ending
            return 0
        }
    }

    /// Has no worker, and ends once the test has seen what it says, and types something.
    @Sendable static func slowMain() -> Never {
        OddProgram.run(budget: .seconds(10)) {
            let terminal = Terminal()
            terminal.attach(to: .process)
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            _ = try? await StopSource().token.wait(for: .readable, on: 0)
            await terminal.finish()
            return 0
        }
    }

    /// Fills its terminal, which nobody reads; what there is to say at the end is long.
    @Sendable static func full() -> Never {
        OddProgram.run {
            let scope = WorkerScope("letters")
            _ = scope.start(longName) { worker in
                try worker.checkpoint()
                OddProgram.ignoreEverything(for: .seconds(30))
            }
            fillTerminal()
            await OddProgram.untilAsked()
            withExtendedLifetime(scope) {}
            return 0
        }
    }

    /// The same, and nobody can allocate any more: all that is left is what was prepared.
    @Sendable static func fullWithoutAllocator() -> Never {
        OddProgram.run {
            let looks = OddProgram.looks()
            let scope = WorkerScope("letters")
            let worker = scope.start(longName) { worker in
                try worker.checkpoint()
                fillTerminal()
                try? worker.token.sleep(for: .seconds(60))
                OddProgram.wait(forLooks: looks)
                door_keep_allocator_lock()
            }
            _ = await worker.ending
            return 0
        }
    }

    private static let longName = "count " + String(repeating: "letters ", count: 500)

    private static func fillTerminal() {
        let flags = fcntl(1, F_GETFL)
        _ = fcntl(1, F_SETFL, flags | O_NONBLOCK)
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 64)
        while write(1, block, block.count) > 0 {}
        while write(1, block, 1) > 0 {}
        _ = fcntl(1, F_SETFL, flags)
        // Nothing can be said on the terminal now: a file says it.
        close(creat(OddProgram.home("full"), 0o600))
    }
}
