import Glibc
import Synchronization

/// The process that writes a temporary file, told apart from a later one with the same pid by its start time.
struct WriterIdentity: Equatable {
    let pid: Int32
    /// Clock ticks from the machine's start to the process's, field 22 of `/proc/<pid>/stat`; zero when unknown.
    let startTime: UInt64

    /// This process.
    static let current = WriterIdentity(pid: getpid(), startTime: startTime(ofProcess: getpid()) ?? 0)

    /// Whether the process no longer exists.
    ///
    /// In doubt (`/proc` hidden or not mounted) it counts as alive: a leftover costs a few kilobytes, a deleted file of
    /// a living writer costs a thumbnail.
    var isGone: Bool {
        if let now = WriterIdentity.startTime(ofProcess: pid) {
            return startTime != 0 && now != startTime
        }
        return kill(pid, 0) != 0 && errno == ESRCH
    }

    private static func startTime(ofProcess pid: Int32) -> UInt64? {
        let descriptor = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // The line is one page at most and comes whole from the first read.
        // proof: read writes at most buffer.count bytes, and says how many.
        let line = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
            filled = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        // The name in parentheses may hold spaces and parentheses; the fields after the last one are plain. The first
        // of them is field 3.
        guard let parenthesis = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(parenthesis + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
    }
}

/// The name of a temporary file: `.roost-<pid>-<start time>-<n>.tmp`.
struct TemporaryName: Equatable {
    let writer: WriterIdentity
    let number: UInt64

    private static let counter = Atomic<UInt64>(0)

    /// A name no other thread of this process, and no other living process, gets.
    static func next() -> TemporaryName {
        TemporaryName(writer: .current, number: counter.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    init(writer: WriterIdentity, number: UInt64) {
        self.writer = writer
        self.number = number
    }

    /// Recognises a name written by any process; nil for every other file.
    init?(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == ".roost", parts[3].hasSuffix(".tmp"),
            let pid = Int32(parts[1]), pid > 0, let startTime = UInt64(parts[2]),
            let number = UInt64(parts[3].dropLast(4))
        else { return nil }
        self.init(writer: WriterIdentity(pid: pid, startTime: startTime), number: number)
    }

    var text: String { ".roost-\(writer.pid)-\(writer.startTime)-\(number).tmp" }
}
