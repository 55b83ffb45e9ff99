/// Where and why a text is no JSON that is read here.
struct JSONDamage: Error {
    let message: String

    init(_ message: String, at position: Int, in bytes: [UInt8]) {
        var line = 1
        for byte in bytes[..<min(position, bytes.count)] where byte == 0x0A { line += 1 }
        let place = position < bytes.count ? "at byte \(position), line \(line)" : "at the end, line \(line)"
        self.message = "\(message) \(place)"
    }

    init(tooLarge limit: Int) {
        message = "larger than \(limit) bytes"
    }

    /// No value was read yet, so there is no path.
    var error: DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: message))
    }
}
