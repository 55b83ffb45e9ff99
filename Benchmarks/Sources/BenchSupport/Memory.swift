import Glibc

/// What the kernel says of this process's memory, in kB.
public enum Memory {
    public static var resident: Double { status("VmRSS:") }
    /// `VmHWM`, not `ru_maxrss`: the latter begins with the peak of the process that called exec.
    public static var peak: Double { status("VmHWM:") }

    private static func status(_ key: String) -> Double {
        guard let file = fopen("/proc/self/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            if strncmp(line, key, key.utf8.count) == 0 {
                return line.withUnsafeBufferPointer { atof($0.baseAddress! + key.utf8.count) }
            }
        }
        return 0
    }
}

/// What batches of finished tasks leave in memory: from the first tenth of them to the last, and of each tenth the most that
/// was resident after a batch, since an allocator gives a few megabytes back now and takes them again later as it sees fit.
public struct Growth {
    public static let batch = 10_000
    public static let warmUp = 20
    private let batches: Int
    private var first = 0.0
    private var last = 0.0

    public init(tasks: Int) {
        batches = tasks / Self.batch
    }

    /// The batches, from those of the warm-up on, which count from below zero.
    public var range: Range<Int> { -Self.warmUp..<batches }

    /// Looks after a batch.
    public mutating func look(after batch: Int) {
        if (0..<batches / 10).contains(batch) { first = max(first, Memory.resident) }
        if batch >= batches - batches / 10 { last = max(last, Memory.resident) }
    }

    public var values: Values { ["growth_kb": last - first] }
}
