extension CrashReport {
    /// The report as one JSON object, readable by any tool. Addresses are texts such as `0x7f00`.
    public var json: String {
        // A report holds nothing that JSON cannot: no fractions, no endless depth.
        guard let text = try? ReportJSON.encode(self) else { return "{}\n" }
        return text + "\n"
    }

    /// Reads what ``json`` wrote. Throws an error that says why the text is not a report.
    public init(json: String) throws(CrashReportFormatError) {
        do {
            self = try ReportJSON.decode(Self.self, from: json)
        } catch let error as CrashReportFormatError {
            throw error
        } catch {
            throw CrashReportFormatError(message: ReportJSON.words(for: error))
        }
    }
}
