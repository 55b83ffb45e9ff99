import CRoostProcess
import Glibc
import Roost

/// A program to be started, with all that it inherits.
struct SpawnedProgram {
    var path: String
    var arguments: [String]
    var environment: [String]
    var folder: String?
    /// Its 0, 1, 2, and so on; it gets no others.
    var descriptors: [Int32]
    var hasOwnSession: Bool
    var diesWithThread: Bool

    /// This process's environment with changes: nil takes one out.
    static func environment(adding changes: [String: String?]) -> [String] {
        // What is added comes first: whoever looks for it in a long environment finds it soon.
        var entries = changes.sorted { $0.key < $1.key }.compactMap { name, value in value.map { "\(name)=\($0)" } }
        var place = environ
        while let entry = place.pointee {
            let text = String(cString: entry)
            let name = String(text.prefix { $0 != "=" })
            if changes[name] == nil { entries.append(text) }
            place += 1
        }
        return entries
    }

    /// Starts it. Throws ``ProcessPoolError`` that says what was missing.
    func spawn() throws -> (pid: Int32, pidfd: Int32) {
        let arguments = CStrings(arguments)
        let environment = CStrings(environment)
        let result = path.withCString { path in
            withOptionalCString(folder) { folder in
                descriptors.withUnsafeBufferPointer { descriptors in
                    var request = roost_spawn_request(
                        path: path, arguments: arguments.pointer, environment: environment.pointer, folder: folder,
                        descriptors: descriptors.baseAddress!, descriptor_count: Int32(descriptors.count),
                        has_own_session: hasOwnSession ? 1 : 0, dies_with_thread: diesWithThread ? 1 : 0)
                    return roost_spawn(&request)
                }
            }
        }
        guard result.failure == 0 else { throw error(result) }
        return (result.pid, result.pidfd)
    }

    private func error(_ result: roost_spawn_result) -> ProcessPoolError {
        let why = String(cString: strerror(result.failure))
        let text =
            switch Int(result.step) {
            case Int(ROOST_SPAWN_EXEC): "the worker executable '\(path)' could not be executed: \(why)"
            case Int(ROOST_SPAWN_FOLDER): "the workers' folder '\(folder ?? "")' cannot be entered: \(why)"
            case Int(ROOST_SPAWN_DESCRIPTORS):
                "a worker process had no descriptors left: \(why); raise the limit of open files (ulimit -n)"
            case _ where result.failure == EMFILE || result.failure == ENFILE:
                "the system refused another process: \(why); raise the limit of open files (ulimit -n)"
            default:
                "the system refused another process: \(why); look at the limits of this user (ulimit -u, pids.max of the cgroup)"
            }
        return ProcessPoolError(
            .cannotStartWorker, text, underlying: SystemCallError(call: "clone/execve", errno: result.failure))
    }
}

/// An array of C strings that ends with NULL.
private final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { pointer[index] = strdup(string) }
        pointer[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString(body)
}
