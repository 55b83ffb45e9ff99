import Glibc

/// Who has not ended, and where they were last seen.
extension ShutdownRun {
    /// Gives up everything that still runs, so that each worker has its ending; returns who that was.
    func abandonLate(
        _ scopes: [ScopeCore], _ pools: [PoolCore], _ main: MainBody?, wait: ShutdownWait
    ) -> [Straggler] {
        // Listed before: a scope lists no worker that has its ending.
        let workers = runningWorkers(scopes, pools)
        let reason = shutdown.root.node.reason ?? shutdown.facts.machine.cause?.stopReason ?? .programEnded
        for worker in workers { worker.abandon(reason.forChild) }
        var late = withoutMain(workers, pools, wait: wait)
        if wait.isOpen(.asking) {
            late.append(
                Straggler(
                    worker: "a callback of a stop", scope: "the request to stop", thread: "roost-stop",
                    lastCheckpoint: nil, ranFor: askedFor, askedFor: askedFor, kernelThread: wait.asking))
        }
        if let main, !hasEnded(main, afterWaiting: !late.isEmpty) { late.append(straggler(main)) }
        return late
    }

    /// The same as of now, with nothing done to anybody; of many workers the first hundred.
    func stragglers(_ scopes: [ScopeCore], _ pools: [PoolCore], _ main: MainBody?) -> [Straggler] {
        let late = withoutMain(Array(runningWorkers(scopes, pools).prefix(100)), pools)
        if late.isEmpty, let main, main.ended.valueIfResolved == nil { return [straggler(main)] }
        return late
    }

    /// What is waited for beside `workers`, in words. A main body counts alone: else it may well wait for the others itself.
    func others(_ workers: [WorkerCore], _ pools: [PoolCore], _ main: MainBody?) -> [String] {
        var others: [String] = []
        for pool in pools {
            let closures = pool.withState { state in
                state.threads.count { thread in if case .closure? = thread.job { true } else { false } }
            }
            if closures > 0 { others.append("\(closures) plain closure\(closures == 1 ? "" : "s") of '\(pool.name)'") }
        }
        for thread in shutdown.root.liveThreads where thread.busySince != nil {
            others.append("thread '\(thread.name)'")
        }
        if workers.isEmpty, others.isEmpty, let main, main.ended.valueIfResolved == nil {
            others.append("the program's main body")
        }
        return others
    }

    /// The workers without an ending: those of the scopes, and those of scopes that were dropped, which the pools still run.
    private func runningWorkers(_ scopes: [ScopeCore], _ pools: [PoolCore]) -> [WorkerCore] {
        let held = pools.flatMap { pool in
            pool.withState { state in state.threads.compactMap(\.heldWorker) + state.asyncBodies.values }
        }
        var seen: Set<ObjectIdentifier> = []
        return (scopes.flatMap(\.workers) + held).filter {
            $0.endingIfEnded == nil && seen.insert(ObjectIdentifier($0)).inserted
        }
    }

    /// With `wait`, pools and threads count only if they were waited for in vain.
    private func withoutMain(
        _ workers: [WorkerCore], _ pools: [PoolCore], wait: ShutdownWait? = nil
    ) -> [Straggler] {
        var late: [Straggler] = []
        for worker in workers {
            switch worker.endingIfEnded {
            case .abandoned(let straggler)?: late.append(straggler)
            case nil: late.append(worker.straggler)
            default: break
            }
        }
        for pool in pools {
            let isLate = wait?.isOpen(.object(pool)) ?? true
            for (thread, job) in pool.withState({ state in state.threads.map { ($0, $0.job) } }) {
                switch job {
                case .worker(let worker)?:
                    // Its own scope gave it up earlier: while its thread is gone, the process cannot exit in order either.
                    if case .abandoned(let straggler)? = worker.endingIfEnded,
                        !late.contains(where: { $0.worker == straggler.worker && $0.thread == straggler.thread })
                    {
                        late.append(straggler)
                    }
                case .closure? where isLate:
                    late.append(
                        Straggler(
                            worker: "a plain closure", scope: pool.name, thread: thread.name, lastCheckpoint: nil,
                            ranFor: thread.slot.runsSince.map { .now - $0 } ?? .zero, askedFor: .zero,
                            kernelThread: thread.kernelThread))
                case .swiftJob? where (isLate || thread.isAbandoned) && !late.contains(where: { $0.thread == nil }):
                    late.append(
                        Straggler(
                            worker: "async code", scope: pool.name, thread: thread.name, lastCheckpoint: nil,
                            ranFor: .zero, askedFor: askedFor, kernelThread: thread.kernelThread))
                case .swiftJob?, .closure?, nil: break
                }
            }
        }
        for thread in shutdown.root.liveThreads {
            guard let since = thread.busySince, wait?.isOpen(.object(thread)) ?? true else {
                continue
            }
            late.append(
                Straggler(
                    worker: "a job", scope: "a thread of its own", thread: thread.name, lastCheckpoint: nil,
                    ranFor: .now - since, askedFor: askedFor, kernelThread: thread.kernelThread))
        }
        return late
    }

    private func straggler(_ main: MainBody) -> Straggler {
        Straggler(
            worker: "main", scope: "the program's main body", thread: "main", lastCheckpoint: nil,
            ranFor: .now - main.beganAt, askedFor: askedFor, kernelThread: getpid())
    }

    /// A main body that waits for a late worker is not late itself: once that one is abandoned it gets a moment to end.
    private func hasEnded(_ main: MainBody, afterWaiting isWaiting: Bool) -> Bool {
        let parker = Parker()
        main.ended.whenResolved { _ in parker.unpark() }
        let moment = min(.milliseconds(50), (shutdown.facts.machine.budget?.report ?? .zero) / 2)
        return parker.park(until: .now + (isWaiting ? moment : .zero))
    }
}
