import Glibc

/// The process groups that a dead run left behind.
///
/// The number of a group may be another's by now. But what a supervised program leaves behind comes to its parent, for that asked the kernel for it:
/// a group of which every member descends from the parent was the program's.
struct LeftGroups {
    /// A process, as `/proc/N/stat` has it.
    struct Member: Sendable, Hashable {
        var process: Int32
        var parent: Int32
        var group: Int32

        init(process: Int32, parent: Int32, group: Int32) {
            (self.process, self.parent, self.group) = (process, parent, group)
        }

        /// The name stands in brackets, and may hold anything.
        init?(_ text: String, process: Int32) {
            guard let bracket = text.lastIndex(of: ")") else { return nil }
            let words = text[bracket...].split(separator: " ")
            guard words.count > 3, let parent = Int32(words[2]), let group = Int32(words[3]) else { return nil }
            self.init(process: process, parent: parent, group: group)
        }
    }

    private let members: [Int32: Member]

    init(_ members: [Member]) { self.members = Dictionary(members.map { ($0.process, $0) }) { first, _ in first } }

    static func now() -> LeftGroups {
        LeftGroups(
            FileSystem.names(in: "/proc").compactMap { name in
                guard let process = Int32(name), let text = FileSystem.text("/proc/\(name)/stat") else { return nil }
                return Member(text, process: process)
            })
    }

    /// Whether the group has members, all of which descend from this process.
    func isWhole(_ group: Int32, below ancestor: Int32) -> Bool {
        let found = members.values.filter { $0.group == group }
        return group > 1 && !found.isEmpty && found.allSatisfy { descends($0, from: ancestor) }
    }

    private func descends(_ member: Member, from ancestor: Int32) -> Bool {
        var next = member.parent
        // Of processes that came and went while they were read one may be its own ancestor.
        for _ in 0..<members.count {
            if next == ancestor { return true }
            guard let parent = members[next]?.parent else { return false }
            next = parent
        }
        return false
    }

    /// Kills those of the groups that are left of what `ancestor` started.
    static func kill(_ groups: [Int32], below ancestor: Int32) {
        guard !groups.isEmpty else { return }
        let left = now()
        for group in groups where group != getpgrp() && left.isWhole(group, below: ancestor) {
            Glibc.kill(-group, SIGKILL)
        }
    }
}
