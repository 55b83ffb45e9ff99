import CRoostStacks
import Glibc

/// Which program this is: its path, and the linker's own number for its contents.
enum ExecutableIdentity {
    static let path: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return count > 0
            ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : CommandLine.arguments.first ?? ""
    }()

    /// The GNU build id in hexadecimal digits; without one, size and time of the file.
    static let build: String = {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = roost_build_id_of_executable(&buffer, buffer.count)
        if count > 0 {
            return buffer[..<count].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "unknown" }
        return "\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)"
    }()
}

extension ProcessPoolError {
    /// With both programs in its message, where they may be what is wrong: a value that one wrote and the other cannot read.
    func naming(_ worker: WorkerIdentity?) -> ProcessPoolError {
        guard let worker, [.inputNotDecodable, .outputNotDecodable, .protocolBroken].contains(code) else { return self }
        let isSame = worker.build == ExecutableIdentity.build
        guard !isSame || code != .protocolBroken else { return self }
        let programs =
            "worker '\(worker.executable)' (build \(worker.build)), app '\(ExecutableIdentity.path)' (build \(ExecutableIdentity.build))"
        let verdict =
            isSame
            ? "both are the same build, so that a type does not read what it has written itself"
            : "they are not one build, and their types may differ: build them together"
        return ProcessPoolError(code, "\(message); \(programs): \(verdict)", underlying: underlying)
    }
}

/// Which program a worker says that it is.
struct WorkerIdentity: Sendable, Hashable {
    var executable: String
    var build: String
}
