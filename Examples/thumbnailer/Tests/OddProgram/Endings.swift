import CProgramDoor
import Glibc
import Roost

/// What is done at the end.
enum Finalizers {
    @Sendable static func inOrder() -> Never {
        OddProgram.run {
            for name in ["first", "second", "third"] {
                Shutdown.process.addFinalizer(name) { OddProgram.say(name) }
            }
            let taken = Shutdown.process.addFinalizer("taken back") { OddProgram.say("taken back") }
            Shutdown.process.addMainActorFinalizer("on main") { OddProgram.say("on main") }
            Shutdown.process.addFinalizer("failing") { throw OddError() }
            taken.remove()
            return 0
        }
    }

    /// One that registers another, and one that has no time at all.
    @Sendable static func nested() -> Never {
        OddProgram.run {
            Shutdown.process.addFinalizer("without time", within: .zero) { OddProgram.say("ran") }
            Shutdown.process.addFinalizer("outer") {
                Shutdown.process.addFinalizer("inner") { OddProgram.say("inner ran") }
            }
            return 0
        }
    }

    @Sendable static func hanging() -> Never {
        OddProgram.run {
            Shutdown.process.addFinalizer("next") { OddProgram.say("next ran") }
            Shutdown.process.addFinalizer("hangs", within: .milliseconds(100)) {
                OddProgram.ignoreEverything(for: .seconds(30))
            }
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            return 0
        }
    }

    @Sendable static func hangingWithoutLimit() -> Never {
        OddProgram.run {
            Shutdown.process.addFinalizer("next") { OddProgram.say("next ran") }
            Shutdown.process.addFinalizer("hangs") { OddProgram.ignoreEverything(for: .seconds(30)) }
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            return 0
        }
    }

    /// Main answers, and so its finalizer runs.
    @Sendable static func onMainActor() -> Never {
        OddProgram.run {
            Shutdown.process.addMainActorFinalizer("window") { OddProgram.say("window ran") }
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            return 0
        }
    }
}

/// What a program's parent is told.
enum Statuses {
    @Sendable static func failing() -> Never {
        OddProgram.run { throw OddError() }
    }

    @Sendable static func three() -> Never {
        OddProgram.run { 3 }
    }

    /// Code asks for the end while main waits.
    @Sendable static func asked() -> Never {
        OddProgram.run {
            Shutdown.process.request(.requested("enough"), status: 4)
            await OddProgram.untilAsked()
            return 0
        }
    }

    /// A line of standard output's buffer, and an end.
    @Sendable static func prints() -> Never {
        OddProgram.run {
            print("one line")
            return 0
        }
    }

    /// The same, and what its standard streams are goes to a file: their targets and the ways they are open.
    @Sendable static func streams() -> Never {
        OddProgram.run {
            var lines = ""
            for stream in 0..<Int32(3) {
                var target = [UInt8](repeating: 0, count: 256)
                let count = readlink("/proc/self/fd/\(stream)", &target, target.count)
                let mode = fcntl(stream, F_GETFL) & O_ACCMODE
                lines += "\(String(decoding: target.prefix(max(0, count)), as: UTF8.self)) \(mode)\n"
            }
            let file = creat(OddProgram.home("streams"), 0o600)
            lines.withUTF8 { bytes in _ = write(file, bytes.baseAddress, bytes.count) }
            close(file)
            print("one line")
            return 0
        }
    }

    /// Its worker needs a moment to stop, and the budget has no end.
    @Sendable static func endlessBudget() -> Never {
        OddProgram.run(budget: .seconds(Int64.max)) {
            let scope = WorkerScope("letters")
            let worker = scope.start("tidy up") { worker in
                OddProgram.say("ready")
                try? worker.token.sleep(for: .seconds(60))
                OddProgram.ignoreEverything(for: .milliseconds(200))
                OddProgram.say("tidy")
            }
            _ = await worker.ending
            return 0
        }
    }

    /// More than a pipe holds.
    @Sendable static func printsMuch() -> Never {
        OddProgram.run {
            door_buffer_output(1 << 20)
            for number in 0..<10_000 { print("line \(number) of many") }
            return 0
        }
    }

    @Sendable static func outOfRange() -> Never {
        OddProgram.run { 256 }
    }

    @Sendable static func hangingAtExit() -> Never {
        OddProgram.run {
            atexit { sleep(20) }
            return 4
        }
    }

    /// Main is in a call that a signal ends early.
    @Sendable static func interruptedMain() -> Never {
        OddProgram.run {
            OddProgram.say("ready")
            _ = sleep(50)
            return 0
        }
    }

    /// The handle is kept, and nobody looks at it.
    @Sendable static func keptFailure() -> Never {
        OddProgram.run {
            let scope = WorkerScope("kept")
            let handle = scope.start("fails") { (_: WorkerContext<WorkerProgress>) throws -> Void in throw OddError() }
            kept.append(handle)
            try await scope.drained()
            return 0
        }
    }

    @MainActor private static var kept: [WorkerHandle<Void, WorkerProgress>] = []

    /// A finalizer that is registered only once the end has begun.
    @Sendable static func lateFinalizer() -> Never {
        OddProgram.run {
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            Shutdown.process.addFinalizer("late") { OddProgram.say("late ran") }
            return 0
        }
    }

    @Sendable static func unseenFailure() -> Never {
        OddProgram.run {
            let scope = WorkerScope("unseen")
            scope.start("fails") { (_: WorkerContext<WorkerProgress>) throws -> Void in throw OddError() }
            try await scope.drained()
            return 0
        }
    }
}

struct OddError: Error, CustomStringConvertible {
    var description: String { "something odd" }
}
