import Glibc

/// How often the kernel has killed for want of memory, as two counters say it.
struct MemoryKills: Sendable, Hashable {
    /// In this process's control group and those below: the nearer witness, where there is one (version 2, with the memory controller).
    var group: Int64?
    /// On the whole machine.
    var machine: Int64?

    /// Whether it did so since.
    func moved(since before: MemoryKills) -> Bool {
        if let group, let was = before.group { return group > was }
        if let machine, let was = before.machine { return machine > was }
        return false
    }

    static func now() -> MemoryKills {
        MemoryKills(
            group: groupFolder.flatMap { FileSystem.text("\($0)/memory.events") }.flatMap(count),
            machine: FileSystem.text("/proc/vmstat").flatMap(count))
    }

    /// The number of the line `oom_kill 3`.
    static func count(in text: String) -> Int64? {
        let name = "oom_kill ".utf8
        // As bytes: each start reads it, among two hundred other lines.
        let line = text.utf8.split(separator: 0x0A).first { $0.starts(with: name) }
        return line.flatMap { Int64(Substring($0.dropFirst(name.count))) }
    }

    private static var groupFolder: String? {
        guard let groups = FileSystem.text("/proc/self/cgroup"), let mounts = FileSystem.text("/proc/self/mountinfo")
        else { return nil }
        return folder(groups: groups, mounts: mounts)
    }

    /// Where the tree is mounted, and then the path in it from where the mount begins.
    static func folder(groups: String, mounts: String) -> String? {
        guard let own = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3) else {
            return nil
        }
        for mount in mounts.split(separator: "\n") where mount.contains(" - cgroup2 ") {
            let words = mount.split(separator: " ")
            guard words.count > 4 else { continue }
            let (root, place) = (words[3], words[4])
            if root == "/" { return "\(place)\(own == "/" ? "" : own)" }
            if own == root || own.hasPrefix("\(root)/") { return "\(place)\(own.dropFirst(root.count))" }
        }
        return nil
    }
}
