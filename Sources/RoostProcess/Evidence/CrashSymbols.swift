import Roost
import RoostCrashReport
import RoostSymbols

/// Names for the stacks of crashed workers, from a process that is started with the first crash and goes when there was none for a while.
///
/// One for each executable that pools of this process use.
final class CrashSymbols: Sendable {
    private static let all = Locked<[WorkerExecutable: CrashSymbols]>([:])

    /// How long a crash may wait for its names. Without them it has addresses; they are still looked up, for the next one.
    static let patience = Duration.seconds(1)
    private let pool: ProcessPool?

    private init(_ executable: WorkerExecutable) {
        var configuration = ProcessPool.Configuration(name: "roost-symbols", workers: 0...1, executable: executable)
        configuration.takesBacktraces = false
        configuration.idleTimeout = .seconds(5)
        configuration.limits = TaskLimits(time: .seconds(60), memory: 4 << 30)
        configuration.stopSteps = [StopStep(.kill)]
        configuration.onOutput = { _ in }
        pool = try? ProcessPool(configuration)
    }

    static func of(_ executable: WorkerExecutable) -> CrashSymbols {
        if let known = all.withLock({ $0[executable] }) { return known }
        let made = CrashSymbols(executable)
        return all.withLock { all in
            if let known = all[executable] { return known }
            all[executable] = made
            return made
        }
    }

    /// The threads with their names, and what was not to be had. Blocks; on the thread of the worker that crashed.
    func threads(_ stacks: RawStacks) -> (threads: [CrashThread], problem: String?) {
        guard !stacks.threads.isEmpty else { return ([], "it wrote no stacks") }
        guard let pool else { return (stacks.unnamedThreads, "names could not be looked up: no worker for it") }
        let handle = pool.start(NameFrames(stacks: stacks), priority: .high)
        let ending = try? handle.waitForEnding(within: Self.patience)
        if let ending, let threads = try? handle.valueOrError(ending) { return (threads, nil) }
        return (stacks.unnamedThreads, "names could not be looked up: \(ending.map { "\($0)" } ?? "it took too long")")
    }
}
