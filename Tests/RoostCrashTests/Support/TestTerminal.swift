import Foundation
import Testing

/// A terminal with a shell that has job control, as a person has it.
final class TestTerminal {
    private let master: Int32
    private let process = Process()
    /// What was not yet waited for.
    private(set) var text = ""
    /// All that stood there.
    private(set) var all = ""

    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        // TIOCSPTLCK and TIOCGPTN: unlocks the other end, and says its number.
        var (locked, number): (Int32, Int32) = (0, 0)
        try #require(
            master >= 0 && ioctl(master, UInt(0x4004_5431), &locked) == 0
                && ioctl(master, UInt(0x8004_5430), &number) == 0)
        let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(slave >= 0)
        let file = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["setsid", "--ctty", "--wait", "bash", "--norc", "--noprofile", "-i"]
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment["PS1"] = "$ "
        environment["TERM"] = "dumb"
        process.environment = environment
        process.standardInput = file
        process.standardOutput = file
        process.standardError = file
        try process.run()
    }

    deinit {
        // The terminal hangs up: its shell ends, and what it started.
        close(master)
        process.waitUntilExit()
    }

    func type(_ keys: String) { _ = write(master, keys, keys.utf8.count) }

    /// The process group that the keys reach.
    var foreground: Int32 { tcgetpgrp(master) }

    /// Reads until this stood there after everything that was waited for before; false when nothing came for half a minute.
    func waits(for wanted: String) -> Bool {
        while true {
            if let found = text.range(of: wanted) {
                text.removeSubrange(..<found.upperBound)
                return true
            }
            var ready = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 30_000) > 0 else { return false }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(master, &buffer, buffer.count)
            guard count > 0 else { return false }
            let more = String(decoding: buffer.prefix(count), as: UTF8.self)
            text += more
            all += more
        }
    }
}
