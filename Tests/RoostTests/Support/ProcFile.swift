import CRoostPlatform
import Glibc

/// The whole of a file that the kernel makes up, such as those in `/proc`; empty when there is none.
func procFile(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { break }
        bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// The name that the kernel has for the calling thread.
func kernelThreadName() -> String {
    String(procFile("/proc/self/task/\(roost_thread_id())/comm").dropLast())
}

/// The size of the mapping that holds the calling thread's stack.
func stackMappingSize() -> Int {
    var local: UInt8 = 0
    let address = withUnsafePointer(to: &local) { UInt(bitPattern: $0) }
    for line in procFile("/proc/self/maps").split(separator: "\n") {
        let range = line.prefix { $0 != " " }.split(separator: "-")
        guard range.count == 2, let low = UInt(range[0], radix: 16), let high = UInt(range[1], radix: 16) else {
            continue
        }
        if (low..<high).contains(address) { return Int(high - low) }
    }
    return 0
}

/// The memory of this process that is in use, in bytes, of its own and not shared with files.
func residentMemory() -> Int {
    let fields = procFile("/proc/self/statm").split(separator: " ").compactMap { Int($0) }
    guard fields.count > 2 else { return 0 }
    return (fields[1] - fields[2]) * Int(sysconf(Int32(_SC_PAGESIZE)))
}

/// The threads of this process by the names the system shows.
func threadNames() -> [String] {
    guard let folder = opendir("/proc/self/task") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let thread = withUnsafePointer(to: &entry.pointee.d_name) {
            // proof: d_name is an array of 256 char, zero-terminated.
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        names.append(procFile("/proc/self/task/\(thread)/comm").trimmingNewline)
    }
    return names
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
