import Glibc

/// What `/proc` says of a process's memory. Zeros where it says nothing.
struct ProcessMemory: Sendable {
    /// Pages of its own that are in memory, in bytes: without what it shares with the app or with files.
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

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
