import Roost
import RoostApp
import RoostProcess

// The code of the guide "Tasks in processes of their own", and some of README.md.

/// The number of primes up to a number; a stand-in for a codec that may crash.
struct CountPrimes: IsolatedTask {
    var limit: Int

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        var count = 0
        for number in 2...max(2, limit) {
            try worker.checkpoint()  // throws once stopped, waits while paused
            var divisor = 2
            while divisor * divisor <= number, number % divisor != 0 { divisor += 1 }
            if divisor * divisor > number { count += 1 }
            worker.report(number, of: limit)  // newest wins
        }
        return count
    }
}

struct Negative: IsolatedTask {
    var bytes: Bytes

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Bytes {
        try Bytes(count: bytes.count) { target in
            bytes.withUnsafeBytes { source in
                for index in source.indices { target[index] = 255 - source[index] }
            }
        }
    }
}

struct Crash: IsolatedTask {
    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { fatalError("the codec is broken") }
}

func runWhatMayCrash() async throws {
    let pool = try ProcessPool()
    do {
        _ = try await pool.run(Crash())
    } catch let crash as TaskCrash {
        print(crash.reason)  // SIGILL (illegal instruction): Fatal error: the codec is broken, in …
    }
}

@main struct RiskyTasks: RoostApplication {
    static func run() {
        Shutdown.run("risky-tasks") {
            let pool = try ProcessPool()

            let count = try await pool.run(CountPrimes(limit: 1_000))
            print("\(count) primes")

            try await runWhatMayCrash()

            for await (task, result) in try pool.map((1...10).map { CountPrimes(limit: $0 * 100) }) {
                switch result {
                case .success(let count): print("up to \(task.limit): \(count)")
                case .failure(let error): print("up to \(task.limit): \(error)")
                }
            }

            let picture = try Bytes(count: 1_000_000) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
            let negative = try await pool.run(Negative(bytes: picture))
            print("\(negative.count) bytes, the first is \(negative.array[0])")

            var configuration = ProcessPool.Configuration(name: "codecs", workers: 1...4)
            configuration.limits = TaskLimits(time: .seconds(10), memory: 512 << 20)
            configuration.keepsSpare = true
            let codecs = try ProcessPool(configuration)
            let slow = codecs.start(CountPrimes(limit: 1_000_000_000))
            slow.stop()
            print(await slow.ending)
            await codecs.close()
            return 0
        }
    }
}
