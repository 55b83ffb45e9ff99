import Roost

@main
struct GettingStarted {
    @MainActor
    static func main() async throws {
        try await aWorkerAndItsScope()
        try await whatAWorkerGivesBack()
        try await whenItFails()
        try await structured()
        try await stoppingAndPausing()
    }

    @MainActor
    static func aWorkerAndItsScope() async throws {
        let label = Label()

        let scope = WorkerScope("task window")

        let worker = scope.start("count to 100") { worker in
            for n in 1...100 {
                try worker.checkpoint()
                worker.report(n, of: 100)
                try worker.sleep(for: .milliseconds(10))
            }
        }

        worker.onUpdate(for: label) { label, progress in
            label.text = "\(progress.completed) of 100"
        }
        worker.onEnd(for: label) { label, ending in
            label.text = "\(ending)"
        }

        try await Task.sleep(for: .milliseconds(50))

        let report = await scope.close(within: .seconds(2))
        for late in report.stragglers {
            print("\(late.worker) did not stop; it was last seen at \(late.lastCheckpoint, default: "the start")")
        }
    }

    static func whatAWorkerGivesBack() async throws {
        let scope = WorkerScope("sums")

        let sum = scope.start("sum") { worker in
            var total = 0
            for n in 1...1_000_000 {
                if n.isMultiple(of: 1_000) { try worker.checkpoint() }
                total += n
            }
            return total
        }
        print(try await sum.value)

        await scope.close()
    }

    struct NoSuchRow: Error {}

    static func whenItFails() async throws {
        let scope = WorkerScope("table")

        let row = scope.start("read row") { worker -> String in
            try worker.checkpoint()
            throw NoSuchRow()
        }
        switch await row.ending {
        case .finished: print("read")
        case .failed(let error): print("failed: \(error)")
        case .crashed(let error): print("its process died: \(error)")  // only in a process of its own
        case .stopped(let reason): print("stopped: \(reason)")
        case .timedOut(let limit): print("gave up after \(limit)")
        case .abandoned(let straggler): print("left behind: \(straggler)")
        }

        await scope.close()
    }

    static func structured() async throws {
        let scope = WorkerScope("job")

        let count = try await scope.run("count") { worker in
            for _ in 1...10 { try worker.sleep(for: .milliseconds(1)) }
            return 10
        }
        print(count)

        await scope.close()
    }

    static func stoppingAndPausing() async throws {
        let scope = WorkerScope("player")

        let player = scope.start("play") { worker in
            while true { try worker.sleep(for: .milliseconds(10)) }
        }
        player.pause()  // takes effect at its next checkpoint
        player.resume()
        player.stop(.requested("the song was changed"))
        print(await player.ending)

        await scope.close()
    }
}

@MainActor
final class Label {
    var text = ""
}
