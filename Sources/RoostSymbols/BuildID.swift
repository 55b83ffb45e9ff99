import CRoostStacks

/// The GNU build id of a program or library, in hexadecimal digits: two files with the same one are the same build.
package struct BuildID: RawRepresentable, Codable, Sendable, Hashable {
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Of what lies in this process's memory from `start`; nil if it has none, or nothing is there.
    package init?(at start: UInt64) {
        var buffer = [UInt8](repeating: 0, count: Int(ROOST_BUILD_ID_SIZE))
        let count = roost_build_id_at(start, &buffer, buffer.count)
        self.init(buffer, count: count)
    }

    /// Of a file; nil if it has none, or cannot be read.
    package init?(file: String) {
        var buffer = [UInt8](repeating: 0, count: Int(ROOST_BUILD_ID_SIZE))
        let count = roost_build_id_of_file(file, &buffer, buffer.count)
        self.init(buffer, count: count)
    }

    /// Of this program; nil if it has none.
    package static func ofExecutable() -> BuildID? {
        var buffer = [UInt8](repeating: 0, count: Int(ROOST_BUILD_ID_SIZE))
        let count = roost_build_id_of_executable(&buffer, buffer.count)
        return BuildID(buffer, count: count)
    }

    private init?(_ bytes: [UInt8], count: Int) {
        guard count > 0 else { return nil }
        rawValue = bytes[..<count].reduce(into: "") { $0 += String($1 >> 4, radix: 16) + String($1 & 15, radix: 16) }
    }
}
