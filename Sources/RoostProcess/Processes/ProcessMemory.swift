import CRoostProcess
import Glibc

/// What `/proc` says of a process's memory. Zeros where it says nothing.
struct ProcessMemory: Sendable {
    /// Pages of its own that are in memory, in bytes: without what it shares with the app or with files. Of a worker with its ``Bytes``
    /// that the app does not read.
    var own = 0
    /// What counts against a limit of data (RLIMIT_DATA), in bytes.
    var data = 0

    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    init(of process: Int32) {
        guard let text = Self.read("/proc/\(process)/statm") else { return }
        // size resident shared text lib data dirty, in pages
        let numbers = text.split(separator: " ").map { Int($0) ?? 0 }
        guard numbers.count >= 6 else { return }
        own = max(0, numbers[1] - numbers[2]) * Self.page
        data = numbers[5] * Self.page
    }

    /// Arenas count as a whole from the moment they are there: which pages of them are in memory, and that they are no file's, costs
    /// as much again to ask.
    init(of worker: WorkerProcess) {
        self.init(of: worker.pid)
        // What the worker says of itself may be anything.
        own += Int(min(max(0, roost_control_arena_bytes(worker.control)), 1 << 50))
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
