import Glibc

/// Whole lines to standard output and error, without the buffers of stdio: what was written is out.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// False when nobody takes it any more, or the disk behind it is full.
    @discardableResult
    func write(line: String) -> Bool {
        var text = line + "\n"
        return text.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(rawValue, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                rest = rest.dropFirst(written)
            }
            return true
        }
    }
}
