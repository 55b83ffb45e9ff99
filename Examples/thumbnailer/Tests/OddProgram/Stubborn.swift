import Glibc
import Roost

/// Work that does not stop when it is asked to.
enum Stubborn {
    /// A worker that passes one checkpoint and then ignores its token for thirty seconds.
    @Sendable static func worker() -> Never {
        OddProgram.run {
            let scope = WorkerScope("letters")
            let worker = scope.start("count letters") { worker in
                try worker.checkpoint()
                let registration = worker.token.onStop { _ in OddProgram.say("asked") }
                OddProgram.say("ready")
                OddProgram.ignoreEverything(for: .seconds(30))
                registration.remove()
            }
            _ = await worker.ending
            return 0
        }
    }

    /// The same with a body that is suspended, and so holds no thread.
    @Sendable static func asyncWorker() -> Never {
        OddProgram.run {
            let scope = WorkerScope("letters")
            let worker = scope.start("await letters") { worker async throws in
                try await worker.checkpoint()
                OddProgram.say("ready")
                // proof: never resumed, on purpose: a body that is suspended for ever.
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
            _ = await worker.ending
            return 0
        }
    }

    /// The same as the first, and nobody keeps its scope.
    @Sendable static func workerOfNobody() -> Never {
        OddProgram.run {
            let begun = StopSource()
            var scope: WorkerScope? = WorkerScope("dropped")
            scope?.start("count letters") { worker in
                try worker.checkpoint()
                _ = begun.stop()
                OddProgram.ignoreEverything(for: .seconds(30))
            }
            try? await begun.token.sleep(for: .seconds(10))
            scope = nil
            OddProgram.say("ready")
            await OddProgram.untilAsked()
            return 0
        }
    }

    /// A job on a thread of one's own.
    @Sendable static func thread() -> Never {
        OddProgram.run {
            let thread = SerialThread("camera")
            thread.post {
                OddProgram.say("ready")
                OddProgram.ignoreEverything(for: .seconds(30))
            }
            await OddProgram.untilAsked()
            withExtendedLifetime(thread) {}
            return 0
        }
    }

    /// The main thread in a loop that nothing ends.
    @Sendable static func main() -> Never {
        OddProgram.run {
            Shutdown.process.addFinalizer("plain") { OddProgram.say("plain ran") }
            Shutdown.process.addMainActorFinalizer("window") { OddProgram.say("window ran") }
            OddProgram.say("ready")
            OddProgram.ignoreEverything(for: .seconds(30))
            return 0
        }
    }

    /// One scope holds a stubborn worker and is closed at a budget of its own; the other one's worker goes on.
    @Sendable static func twoScopes() -> Never {
        OddProgram.run {
            let pool = WorkerPool(name: "both", configuration: .init(maximumThreads: 1))
            let stuck = WorkerScope("stuck", pool: pool)
            let calm = WorkerScope("calm")
            let counter = calm.start("counter") { worker in
                for step in 1...20 {
                    try worker.sleep(for: .milliseconds(50))
                    OddProgram.say("step \(step)")
                }
            }
            let begun = StopSource()
            let ignoring = stuck.start("ignores its token") { worker in
                try worker.checkpoint()
                _ = begun.stop()
                OddProgram.ignoreEverything(for: .seconds(30))
            }
            try? await begun.token.sleep(for: .seconds(10))
            let before = MonotonicTime.now
            let report = await stuck.close(within: .milliseconds(300))
            OddProgram.say("closed in \((MonotonicTime.now - before) / .milliseconds(1)) ms: \(report)")
            // The lost thread was replaced: the same pool works.
            let sum = try await calm.run("sum") { _ in 40 + 2 }
            let next = try await WorkerScope("next", pool: pool).run("next") { _ in sum }
            OddProgram.say("next \(next); the counter is \(counter.state)")
            OddProgram.say("the counter \(await counter.ending), the other \(await ignoring.ending.kind)")
            return 0
        }
    }

    /// Needs six tenths of a second of its own time to stop: counted in rounds, so that a stopped process does not age.
    @Sendable static func slowWorker() -> Never {
        OddProgram.run {
            let scope = WorkerScope("slow")
            let worker = scope.start("tidy up") { worker in
                OddProgram.say("ready")
                try? worker.token.sleep(for: .seconds(60))
                OddProgram.say("asked")
                for _ in 0..<60 { usleep(10_000) }
                OddProgram.say("tidy")
            }
            _ = await worker.ending
            return 0
        }
    }
}
