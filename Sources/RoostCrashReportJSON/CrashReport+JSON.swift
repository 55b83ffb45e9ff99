import FoundationEssentials
public import RoostCrashReport

extension CrashReport {
    /// The report as one JSON object, readable by any tool. Addresses are texts such as `0x7f00`.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A report holds nothing that JSON cannot: no fractions, no data, no keys but its own.
        guard let data = try? encoder.encode(self) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// Reads what ``json`` wrote. Throws an error that says why the text is not a report.
    public init(json: String) throws(CrashReportFormatError) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
        } catch let error as CrashReportFormatError {
            throw error
        } catch {
            throw CrashReportFormatError(message: "\(error)")
        }
    }
}
