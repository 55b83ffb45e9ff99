import Glibc
import Roost
import RoostProcess

/// Starts a child that outlives the task, in its own session if told, and goes on for so long.
public struct StartChild: IsolatedTask {
    public var isRunaway: Bool
    public var milliseconds: Int
    /// It has nothing of the worker's environment.
    public var forgetsEnvironment: Bool
    /// The worker goes into the app's group of processes first.
    public var leavesGroup: Bool
    public init(
        isRunaway: Bool, milliseconds: Int = 0, forgetsEnvironment: Bool = false, leavesGroup: Bool = false
    ) {
        (self.isRunaway, self.milliseconds) = (isRunaway, milliseconds)
        (self.forgetsEnvironment, self.leavesGroup) = (forgetsEnvironment, leavesGroup)
    }

    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 {
        if leavesGroup, setpgid(0, getpgid(getppid())) != 0 { throw SystemCallError(call: "setpgid", errno: errno) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if isRunaway { posix_spawnattr_setflags(&attributes, 0x80) }  // POSIX_SPAWN_SETSID
        var child: pid_t = 0
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        var nothing: UnsafeMutablePointer<CChar>?
        let failure = withUnsafeMutablePointer(to: &nothing) {
            posix_spawn(&child, "/bin/sleep", nil, &attributes, arguments, forgetsEnvironment ? $0 : environ)
        }
        guard failure == 0 else { throw SystemCallError(call: "posix_spawn", errno: failure) }
        worker.report(Int(child))
        try worker.sleep(for: .milliseconds(milliseconds))
        return child
    }
}
