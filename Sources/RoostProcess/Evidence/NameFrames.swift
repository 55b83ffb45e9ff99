import Roost
import RoostCrashReport
import RoostSymbols

/// Finds the names and lines of stacks. In a worker of its own: it reads whatever files a crashed process had mapped, and what it
/// reads them with was made for a process that is about to end.
struct NameFrames: IsolatedTask {
    var stacks: RawStacks

    static var isRepeatable: Bool { true }
    var inputDescription: String { "\(stacks.threads.count) stacks" }

    func run(_ worker: IsolatedWorker<WorkerProgress>) -> [CrashThread] {
        FrameNames.find(stacks).threads(of: stacks)
    }
}
