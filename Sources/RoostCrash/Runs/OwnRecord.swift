import Glibc
import RoostSymbols

/// The record of this run while it lasts. Each line is on its way to the disk when its method returns.
final class OwnRecord: Sendable {
    private let file: File
    /// What has to stand before the next line: the first ones, when there was no room for them, and the end of one that was cut.
    private let owed: Guarded<String>

    var descriptor: Int32 { file.descriptor }

    /// Makes it whole: under the name by which others find it, it is locked, and has its first lines.
    init(_ id: RunID, in folder: String, lines: String, _ problems: inout [String]) throws(StoreError) {
        let (path, beside) = ("\(folder)/\(id.record)", "\(folder)/\(id.unfinished)")
        file = try File(beside, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, name: path)
        // Where nothing can be locked, nobody can look at it either: to all others this run is alive for ever.
        if !file.lock() { problems.append("\(StoreError("lock \(path)"))") }
        var missing = ""
        do { try file.write(lines) } catch {
            // An empty one is found all the same, with the page that has its name.
            problems.append("\(error)")
            missing = "\n" + lines
        }
        owed = Guarded(missing)
        guard rename(beside, path) == 0 else {
            let failure = errno
            unlink(beside)
            throw StoreError("make \(path)", errno: failure)
        }
    }

    /// Adds a line, on the disk when it returns. Of one that finds no room a part may be there: the next begins on a line of its own.
    func add(_ line: RunRecord.Line) throws(StoreError) {
        let before = owed.withLock { owed in
            defer { owed = "" }
            return owed
        }
        do { try file.write(before + line.text) } catch {
            owed.withLock { $0 = before.isEmpty ? "\n" : before }
            throw error
        }
        try file.synchronize()
    }
}
