import CRoostProcess
import Glibc
import Roost

/// Where workers get control groups of their own (cgroup v2).
///
/// In one the kernel counts all memory of a worker and of what it starts, kernel memory and shared pages included, holds the limit to the
/// page, and ends all of them at once, whatever session they are in.
public enum ControlGroupPolicy: Sendable, Hashable {
    /// Where the system has given this process a part of the tree to manage: a systemd unit with `Delegate=yes`. Else none.
    case whereDelegated
    /// In this folder, which this process may write to. A pool in which that fails says so.
    case under(String)
    /// None.
    case none
}

/// The folder in which the groups of this process's workers are made.
struct ControlGroups: Sendable {
    let folder: String
    /// Whether the kernel counts memory there.
    let countsMemory: Bool

    static func of(_ policy: ControlGroupPolicy) throws(ProcessPoolError) -> ControlGroups? {
        switch policy {
        case .none: return nil
        case .whereDelegated: return delegated
        case .under(let folder): return try ControlGroups(folder)
        }
    }

    /// Throws when no groups can be made there.
    init(_ folder: String) throws(ProcessPoolError) {
        self.folder = folder
        guard let controllers = ControlFile.read(folder + "/cgroup.controllers") else {
            throw ProcessPoolError(
                .systemLimit, "'\(folder)' is no folder of control groups (cgroup v2)",
                underlying: SystemCallError(call: "open", errno: errno))
        }
        let hasMemory = controllers.split(whereSeparator: \.isWhitespace).contains("memory")
        countsMemory = hasMemory && ControlFile.write(folder + "/cgroup.subtree_control", "+memory")
        sweep()
        let probe = "\(folder)/\(Self.prefix(of: getpid()))probe"
        guard mkdir(probe, 0o755) == 0 || errno == EEXIST else {
            throw ProcessPoolError(
                .systemLimit, "no control group can be made in '\(folder)'",
                underlying: SystemCallError(call: "mkdir", errno: errno))
        }
        rmdir(probe)
    }

    private static let delegated: ControlGroups? = {
        guard let own = ownFolder else { return nil }
        // The unit's group, when the process was put into one of its own in there; else that itself.
        let parent = own.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        for folder in [parent, own] where isDelegated(folder) {
            // A group with processes of its own cannot have groups that count.
            if folder == own, !leave(own) { continue }
            if let groups = try? ControlGroups(folder) { return groups }
        }
        return nil
    }()

    private static func isDelegated(_ folder: String) -> Bool {
        access(folder + "/cgroup.procs", W_OK) == 0 && roost_is_delegated(folder) != 0
    }

    /// Puts this process, if it is alone there, into a group below.
    private static func leave(_ folder: String) -> Bool {
        guard let processes = ControlFile.read(folder + "/cgroup.procs"),
            processes.split(whereSeparator: \.isWhitespace).compactMap({ Int32($0) }) == [getpid()]
        else { return false }
        let below = folder + "/roost-app"
        guard mkdir(below, 0o755) == 0 || errno == EEXIST else { return false }
        return ControlFile.write(below + "/cgroup.procs", "\(getpid())")
    }

    /// The group that this process is in.
    private static var ownFolder: String? {
        guard let groups = ControlFile.read("/proc/self/cgroup"), let mounts = ControlFile.read("/proc/self/mountinfo"),
            let path = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3)
        else { return nil }
        for line in mounts.split(separator: "\n") {
            // … root mount-point … - type …
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count, fields[dash + 1] == "cgroup2",
                dash > 4
            else { continue }
            return path == "/" ? String(fields[4]) : String(fields[4] + path)
        }
        return nil
    }

    /// Numbers of processes come again; with its start a process is known for good.
    private static func prefix(of process: Int32) -> String { "roost-\(process)-\(roost_process_start(process))-" }

    /// A group for a worker. Throws ``SystemCallError``.
    func make(_ number: Int, _ pool: ProcessPoolCore) throws(SystemCallError) -> ControlGroup {
        let path = "\(folder)/\(Self.prefix(of: getpid()))\(pool.serial)-\(number)"
        guard mkdir(path, 0o755) == 0 else { throw SystemCallError(call: "mkdir", errno: errno) }
        return ControlGroup(folder: path, countsMemory: countsMemory)
    }

    /// Ends and removes what processes that are gone have left here.
    private func sweep() {
        guard let entries = opendir(folder) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let parts = name.split(separator: "-")
            guard parts.count >= 3, parts[0] == "roost", let process = Int32(parts[1]),
                !name.hasPrefix(Self.prefix(of: process))
            else { continue }
            let group = ControlGroup(folder: folder + "/" + name, countsMemory: false)
            group.kill()
            group.remove()
        }
    }
}

/// The group of one worker.
struct ControlGroup: Sendable {
    let folder: String
    let countsMemory: Bool

    /// Puts a process into it, and with it all that it will start.
    func add(_ process: Int32) throws(SystemCallError) {
        guard ControlFile.write(folder + "/cgroup.procs", "\(process)") else {
            throw SystemCallError(call: "write", errno: errno)
        }
    }

    /// So many bytes more than there are in it now.
    func limitMemory(_ more: Int) {
        guard countsMemory, let text = ControlFile.read(folder + "/memory.current"),
            let now = Int(text.prefix { $0.isNumber })
        else { return }
        _ = ControlFile.write(folder + "/memory.swap.max", "0")
        _ = ControlFile.write(folder + "/memory.oom.group", "1")
        _ = ControlFile.write(folder + "/memory.max", "\(UInt64(max(0, now)) + UInt64(max(0, more)))")
    }

    /// The kernel has ended something in it because of the limit.
    var ranOutOfMemory: Bool {
        guard countsMemory, let events = ControlFile.read(folder + "/memory.events") else { return false }
        return events.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count == 2 && fields[0] == "oom_kill" && fields[1] != "0"
        }
    }

    /// Ends all in it.
    func kill() { _ = ControlFile.write(folder + "/cgroup.kill", "1") }

    /// False while there are processes in it: also ones that nobody has waited for.
    @discardableResult
    func remove() -> Bool { rmdir(folder) == 0 || errno == ENOENT }
}

/// Files of the kernel, of some lines.
enum ControlFile {
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 20 {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ path: String, _ text: String) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var text = text
        return text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) == $0.count }
    }
}
