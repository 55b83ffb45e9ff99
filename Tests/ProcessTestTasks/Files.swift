import Glibc

/// A file whose being there lets tasks go on: an event that crosses processes.
public enum Gate {
    public static func wait(_ path: String) {
        while access(path, F_OK) != 0 { usleep(500) }
    }
    public static func open(_ path: String) { close(Glibc.open(path, O_WRONLY | O_CREAT, 0o600)) }
}

/// A file that many processes append their numbers to.
public enum RunLogFile {
    /// Returns how often the number stands there now.
    public static func note(_ number: Int, in path: String) -> Int {
        let file = open(path, O_RDWR | O_APPEND | O_CREAT, 0o600)
        defer { close(file) }
        let line = Array("\(number)\n".utf8)
        _ = write(file, line, line.count)
        return numbers(in: path).count { $0 == number }
    }

    /// All of them, in the order they came.
    public static func numbers(in path: String) -> [Int] { lines(in: path).compactMap { Int($0) } }

    static func lines(in path: String) -> [Substring] {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
}
