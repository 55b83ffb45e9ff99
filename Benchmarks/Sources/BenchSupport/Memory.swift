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
