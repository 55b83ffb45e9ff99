extension CrashReport {
    /// The report as one JSON object, readable by any tool. Addresses are texts such as `0x7f00`.
    public var json: String {
        // A report holds nothing that JSON cannot: no fractions, no endless depth.
        guard let text = try? ReportJSON.encode(self) else { return "{}\n" }
        return text + "\n"
    }

    /// Reads what ``json`` wrote. Throws an error that says why the text is not a report, or that it has more than two million
    /// values; 64 threads with 96 frames each have about 140 thousand.
    public init(json: String) throws(CrashReportFormatError) {
        do {
            // Whoever has the text has room for it.
            self = try ReportJSON.decode(Self.self, from: json, limit: .max)
        } catch let error as CrashReportFormatError {
            throw error
        } catch {
            throw CrashReportFormatError(message: ReportJSON.words(for: error))
        }
    }
}
