import Glibc

/// Where the report of the last end lies, beside what Roost keeps: `$XDG_STATE_HOME/thumbnailer`, else `~/.local/state/thumbnailer`.
enum ReportFolder {
    /// The file's path; nil when there is no place for it, which keeps nobody from making thumbnails.
    static var path: String? { folder.map { $0 + "/last-shutdown.json" } }

    /// Its folder, made if that is needed.
    static var folder: String? {
        let state: String
        if let set = getenv("XDG_STATE_HOME"), set[0] == CChar(UInt8(ascii: "/")) {
            state = String(cString: set)
        } else if let home = getenv("HOME"), home[0] == CChar(UInt8(ascii: "/")) {
            state = String(cString: home) + "/.local/state"
        } else {
            return nil
        }
        let folder = state + "/thumbnailer"
        var partial = ""
        for component in folder.split(separator: "/") {
            partial += "/" + component
            if mkdir(partial, 0o700) != 0, errno != EEXIST { return nil }
        }
        return folder
    }
}
