import Glibc
import Roost

/// Whole lines to standard output and error, without the buffers of stdio: what was written is out.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// False when nobody takes it any more, or the disk behind it is full.
    @discardableResult
    func write(line: String) -> Bool {
        write(Array((line + "\n").utf8)[...])
    }

    /// The same without holding the thread while nobody reads. Once the process is to end it gives up, and returns false,
    /// when nobody has read for `patience`.
    func write(line: String, atTheEndWithin patience: Duration) async -> Bool {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            guard await isReady(orAtTheEndWithin: patience) else { return false }
            // A pipe that is ready takes this much at once.
            guard write(rest.prefix(Int(PIPE_BUF))) else { return false }
            rest = rest.dropFirst(Int(PIPE_BUF))
        }
        return true
    }

    private func isReady(orAtTheEndWithin patience: Duration) async -> Bool {
        do {
            return try await !Shutdown.process.token.wait(for: .writable, on: rawValue).isEmpty
        } catch {
            // Asked to end: what was begun should still be said to whoever reads on.
            let ready = try? await StopSource().token.wait(for: .writable, on: rawValue, within: patience)
            return ready?.isEmpty == false
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(rawValue, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
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
