import Glibc
import RoostCrashReport

/// The reports of a program, on this machine alone: nothing is sent anywhere.
///
/// A folder with two files for each report, one of text and one of JSON, the oldest removed beyond the limits. What is written is
/// scrubbed of the home folder and the user's name. Every method blocks on the disk: call it on a worker.
public struct CrashStore: Sendable {
    /// The folder of the reports.
    public let folder: String
    private let limits: StoreLimits
    private let scrubber: Scrubber

    init(folder: String, limits: StoreLimits, scrubber: Scrubber = .ofThisUser()) {
        self.folder = folder
        self.limits = limits
        self.scrubber = scrubber
    }

    /// A report in the store.
    public struct Entry: Sendable, Hashable {
        /// Its name; reports of a program are in the order of their names.
        public let name: String
        /// Its text, for people.
        public let textPath: String
        /// The same for tools.
        public let jsonPath: String
    }

    /// The reports, the newest first.
    public var entries: [Entry] {
        FileSystem.names(in: folder).reversed().compactMap { name in
            guard name.hasSuffix(".json"), RunID(ofReport: name) != nil else { return nil }
            return entry(String(name.dropLast(".json".count)))
        }
    }

    private func entry(_ name: String) -> Entry {
        Entry(name: name, textPath: "\(folder)/\(name).txt", jsonPath: "\(folder)/\(name).json")
    }

    /// Reads a report. Throws ``StoreError`` when it cannot be read, and an error that says where it is not one.
    public func read(_ entry: Entry) throws -> RunReport { try read(entry, limit: limits.bytes) }

    private func read(_ entry: Entry, limit: Int) throws -> RunReport {
        let file = try File(entry.jsonPath, O_RDONLY)
        return try ReportJSON.decode(RunReport.self, from: file.contents(limit: limit))
    }

    /// The name of the report of a run.
    static func name(_ run: RunID, _ ending: RunEnding.Kind) -> String { "\(run.text)-\(ending.rawValue)" }

    /// The report of a run; nil when there is none, or none that can be read.
    func report(of run: RunID, _ ending: RunEnding.Kind) -> RunReport? {
        try? read(entry(Self.name(run, ending)), limit: Self.largest)
    }

    /// What a start reads of a report at most, in bytes: those that are written have some hundred thousand.
    private static let largest = 2 << 20

    /// Writes a report, and removes what is too much, of very much a part. The file of JSON comes last: what has one is whole.
    @discardableResult
    func write(_ report: RunReport, name: String) throws -> Entry {
        try FileSystem.makeFolder(folder)
        let entry = entry(name)
        try FileSystem.replace(entry.textPath, with: scrubber.scrub(report.text + "\n"))
        do {
            let json = try ReportJSON.encode(report, layout: .indented) { scrubber.scrub($0) }
            try FileSystem.replace(entry.jsonPath, with: json + "\n")
        } catch {
            unlink(entry.textPath)
            throw error
        }
        prune(within: .milliseconds(100), sparing: RunID(ofReport: name).map { [$0.text] } ?? [])
        return entry
    }

    /// Removes reports beyond the limits, the oldest first; of very many those that it can in this time. The newest stays, and those whose names begin
    /// so: by a clock that was put back a new one is old. What is no report is nobody's business here.
    func prune(within time: Duration, sparing spared: Set<String> = []) {
        let deadline = ContinuousClock.now + time
        var (safe, others): ([String], [String]) = ([], [])
        // The newest first: the two files of a report stand together.
        for name in FileSystem.names(in: folder).reversed() {
            guard let run = RunID(ofReport: name) else { continue }
            if spared.contains(run.text) { safe.append(name) } else { others.append(name) }
        }
        var reports: Set<Substring> = []
        var bytes = 0
        let ordered = safe + others
        let kept = ordered.prefix { name in
            reports.insert(name.prefix { $0 != "." })
            var status = stat()
            if reports.count <= limits.reports, stat("\(folder)/\(name)", &status) == 0 { bytes += Int(status.st_size) }
            return reports.count <= limits.reports && (bytes <= limits.bytes || reports.count == 1)
        }
        for name in ordered.dropFirst(max(kept.count, safe.count)).reversed() {
            guard ContinuousClock.now < deadline else { return }
            unlink("\(folder)/\(name)")
        }
    }

    /// Writes all reports into one file, to be sent by whoever wants to: a list of JSON objects, as scrubbed as they are here. Only the user
    /// decides that. Throws ``StoreError`` when the file cannot be written; a file that is there is replaced as a whole. Reports that cannot be
    /// read are left out, and counted in the result.
    @discardableResult
    public func export(to path: String) throws -> (reports: Int, unreadable: Int) {
        var reports: [RunReport] = []
        var unreadable = 0
        for entry in entries {
            if let report = try? read(entry) { reports.append(report) } else { unreadable += 1 }
        }
        try FileSystem.replace(path, with: try ReportJSON.encode(reports, layout: .indented) + "\n")
        return (reports.count, unreadable)
    }

    /// Removes a report, as far as the system lets it: what stays is still among the ``entries``.
    public func remove(_ entry: Entry) {
        unlink(entry.jsonPath)
        unlink(entry.textPath)
    }
}
