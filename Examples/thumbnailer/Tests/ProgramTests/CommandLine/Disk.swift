import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// A small file system in memory, mounted at a workspace's `out`. Unmounted with the value.
final class Disk {
    /// Held: it would be removed with the disk in it.
    private let workspace: Workspace
    private let folder: String

    init(in workspace: Workspace, options: String) throws {
        self.workspace = workspace
        folder = try workspace.makeFolder("out")
        // MS_RDONLY, which Swift does not import.
        let flags: UInt = options == "ro" ? 1 : 0
        try #require(mount("tmpfs", folder, "tmpfs", flags, flags == 0 ? options : nil) == 0)
    }

    deinit { umount2(folder, 2) }
}

extension Launch {
    /// The same as a user who may not do everything; as it is when the tests run as one.
    func asNobody(_ workspace: Workspace, mayWrite: Bool = true) throws -> Launch {
        if mayWrite { try workspace.makeFolder("out") }
        guard isRoot else {
            if !mayWrite { chmod(workspace.path("out"), 0o500) }
            return self
        }
        chmod(workspace.folder, 0o755)
        chmod(workspace.path("pictures"), 0o755)
        let theirs = ["home", "state", "cache"] + (mayWrite ? ["out"] : [])
        for name in theirs { chown(workspace.path(name), 65_534, 65_534) }
        chown(workspace.session, 65_534, 65_534)
        var launch = self
        // The build may lie where others may not look: the program is run from a copy, with its loader's environment.
        let copy = workspace.path("program")
        launch.executable = "/usr/bin/setpriv"
        launch.arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", copy] + arguments
        if FileFacts(copy) != nil { return launch }
        // By another process: a file that this one has just written is busy while any child of it is between fork and exec.
        let copying = try Program(Launch("/bin/cp", [executable, copy], in: workspace))
        try #require(copying.waitForEnd() == .exited(0))
        chmod(copy, 0o755)
        return launch
    }
}

extension ProcessTable {
    /// Whether a process of this one's session has this file open and has read it to its end: itself, or one of its decoders.
    static func hasRead(_ path: String, by process: pid_t) -> Bool {
        members(ofSession: process).contains { isReader($0, of: path) }
    }

    private static func isReader(_ process: pid_t, of path: String) -> Bool {
        let folder = "/proc/\(process)/fd"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where (try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + name)) == path {
            let text = (try? String(contentsOfFile: "/proc/\(process)/fdinfo/\(name)", encoding: .utf8)) ?? ""
            let position = text.split(separator: "\n").first?.split(separator: "\t").last.flatMap { Int($0) } ?? 0
            let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? nil
            return position == size
        }
        return false
    }

    /// Clock ticks from the machine's start to the process's: field 22 of its `stat`.
    static func startTime(of process: pid_t) -> String? {
        line(of: process)?.split(separator: " ").dropFirst(19).first.map(String.init)
    }
}
