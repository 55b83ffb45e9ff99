import Foundation
import Glibc

/// The settings of a terminal, comparable.
struct TerminalSettings: Equatable {
    private var settings: [UInt32]

    init?(of descriptor: Int32) {
        var value = termios()
        guard descriptor >= 0, tcgetattr(descriptor, &value) == 0 else { return nil }
        settings = [value.c_iflag, value.c_oflag, value.c_cflag, value.c_lflag]
    }

    /// Turns echo and line editing off, as a program that reads single keys does.
    static func makeRaw(_ descriptor: Int32) {
        var value = termios()
        tcgetattr(descriptor, &value)
        value.c_lflag &= ~tcflag_t(ECHO | ICANON)
        tcsetattr(descriptor, TCSANOW, &value)
    }

    /// What is typed discards nothing (NOFLSH, termios(3)). Otherwise a Ctrl-C throws away what was written and not yet
    /// passed on at that instant, the farewell of a program that has just gone too: 952 of 3,000 in a trial, 0 with this.
    static func keepUnreadOutput(_ descriptor: Int32) {
        var value = termios()
        tcgetattr(descriptor, &value)
        value.c_lflag |= tcflag_t(NOFLSH)
        tcsetattr(descriptor, TCSANOW, &value)
    }
}

/// What `/proc` knows.
enum ProcessTable {
    /// The processes of a session that exist now, zombies included.
    static func members(ofSession session: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { Self.session(of: $0) == session }
    }

    /// The processes that have this text in the environment they were started with: a program in a workspace and all that it
    /// starts, whatever session they are in.
    static func started(with text: String) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            guard process != getpid(),
                let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ")
            else { return false }
            return environment.range(of: Data(text.utf8)) != nil
        }
    }

    /// In the whole system, at this moment: what runs, and what waits for a processor. Asking is one of them.
    static var threadsThatWantToRun: Int {
        // 0.20 0.18 0.12 3/80 11206
        let words = FileManager.default.contents(atPath: "/proc/loadavg").map { String(decoding: $0, as: UTF8.self) }
        let counts = words?.split(separator: " ").dropFirst(3).first
        return counts.flatMap { Int($0.prefix { $0 != "/" }) } ?? 0
    }

    /// The name of its main thread; none when it is gone.
    static func name(of process: pid_t) -> String {
        let text = FileManager.default.contents(atPath: "/proc/\(process)/comm")
        return text.map { String(decoding: $0.dropLast(), as: UTF8.self) } ?? ""
    }

    private static func session(of process: pid_t) -> pid_t? {
        guard let line = line(of: process) else { return nil }
        // After the name, which may hold anything: state, parent, group, session.
        return line.split(separator: " ").dropFirst(3).first.flatMap { pid_t($0) }
    }

    static func line(of process: pid_t) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return String(text[text.index(after: end)...])
    }

    /// `T` while it is stopped.
    static func state(of process: pid_t) -> Character? {
        line(of: process)?.first { $0 != " " }
    }

    /// One line of `/proc/PID/status`, without its name.
    static func status(of process: pid_t, _ key: String) -> String? {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line.map { $0.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces) }
    }
}

/// The executables under test: beside the tests, or in the folder that `ROOST_BINARIES` names (a release build).
enum Executables {
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["ROOST_BINARIES"] { return folder }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (tests as NSString).deletingLastPathComponent
    }()

    /// The path of the executable with this name.
    static func path(_ name: String) -> String { "\(folder)/\(name)" }
}

/// Waits to the microsecond, without sleeping.
func spin(until instant: ContinuousClock.Instant) {
    while ContinuousClock.now < instant {}
}
