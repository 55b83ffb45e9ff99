import CProgramDoor
import Foundation
import Glibc

/// One run of a real executable, in a session of its own, with a pseudo-terminal or pipes.
///
/// Everything that can happen (output, events in a watched folder, the end) is waited for in one `poll`, on the thread of
/// the test. A program that still runs when its value goes is killed.
final class Program {
    /// How a process ended, as its parent sees it.
    enum Ending: Hashable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        init(waitStatus status: Int32) {
            self = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
        }

        var description: String {
            switch self {
            case .exited(let status): "exited with \(status)"
            case .signalled(let number): "killed by signal \(number)"
            }
        }
    }

    let process: pid_t
    let startedAt: ContinuousClock.Instant
    private(set) var ending: Ending?
    private(set) var endedAt: ContinuousClock.Instant?
    /// What it wrote to its terminal, standard output and standard error; of streams that are pipes, each its own.
    private(set) var terminalBytes: [UInt8] = []
    private(set) var outputBytes: [UInt8] = []
    private(set) var errorBytes: [UInt8] = []
    /// The settings of its terminal before it was started; nil without one.
    let settingsAtStart: TerminalSettings?
    /// The controlling side of its terminal; -1 without one, and once it is closed.
    private(set) var terminal: Int32
    private var output: Int32
    private var errors: Int32
    private let handle: Int32
    /// Whether what it writes is read; a test that fills a pipe says no.
    var readsOutput = true
    var readsErrors = true
    var readsTerminal = true

    init(_ launch: Launch) throws {
        let streams = try launch.openStreams()
        terminal = streams.terminal
        settingsAtStart = TerminalSettings(of: streams.terminal)
        output = streams.output
        errors = streams.errors
        startedAt = .now
        process = try launch.spawn(streams)
        handle = door_pidfd(process)
        guard handle >= 0 else { throw LaunchError(call: "pidfd_open", errno: errno) }
    }

    deinit {
        if ending == nil {
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
        for descriptor in [terminal, output, errors, handle] where descriptor >= 0 { close(descriptor) }
    }

    var terminalText: String { String(decoding: terminalBytes, as: UTF8.self) }
    /// How many bytes of its output nobody has read so far.
    var unreadOutput: Int {
        var count: Int32 = 0
        return ioctl(output, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Whether the pipe of its output takes no more; one of a single page does not once something is in it.
    var isOutputFull: Bool {
        let theirs = open("/proc/\(process)/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard theirs >= 0 else { return false }
        defer { close(theirs) }
        var entry = pollfd(fd: theirs, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    var outputText: String { String(decoding: outputBytes, as: UTF8.self) }
    var errorText: String { String(decoding: errorBytes, as: UTF8.self) }
    /// All of it.
    var everything: String { terminalText + outputText + errorText }

    // MARK: Waiting

    /// Waits until `condition` holds, looking after each thing that happens; false when `limit` passed first.
    @discardableResult
    func wait(
        for limit: Duration = .seconds(60), watching watch: FolderWatch? = nil, until condition: () -> Bool
    ) -> Bool {
        let deadline = ContinuousClock.now + limit
        while !condition() {
            let left = deadline - .now
            guard left > .zero else { return false }
            // What the condition looks at may be neither a descriptor nor a file: look again after 20 ms at the latest.
            look(waiting: min(left, .milliseconds(20)), watching: watch)
        }
        return true
    }

    /// Waits for the end and reads what is left to read; nil when `limit` passed first.
    @discardableResult
    func waitForEnd(within limit: Duration = .seconds(60), watching watch: FolderWatch? = nil) -> Ending? {
        wait(for: limit, watching: watch) { ending != nil }
        return ending
    }

    /// Reads what there is, and waits for something to happen when there is nothing.
    func look(waiting limit: Duration = .zero, watching watch: FolderWatch? = nil) {
        var entries: [pollfd] = []
        func add(_ descriptor: Int32) { entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
        add(ending == nil ? handle : -1)
        add(readsTerminal ? terminal : -1)
        add(readsOutput ? output : -1)
        add(readsErrors ? errors : -1)
        add(watch?.descriptor ?? -1)
        let milliseconds = Int32(limit / .milliseconds(1))
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return }
        if entries[4].revents != 0 { watch?.read() }
        if entries[1].revents != 0 { Self.read(&terminal, into: &terminalBytes) }
        if entries[2].revents != 0 { Self.read(&output, into: &outputBytes) }
        if entries[3].revents != 0 { Self.read(&errors, into: &errorBytes) }
        if entries[0].revents != 0 { reap() }
    }

    private func reap() {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return }
        endedAt = .now
        ending = Ending(waitStatus: status)
        // What it wrote before its end is there now; other holders of a pipe are not waited for.
        if readsTerminal { Self.read(&terminal, into: &terminalBytes) }
        if readsOutput { Self.read(&output, into: &outputBytes) }
        if readsErrors { Self.read(&errors, into: &errorBytes) }
    }

    /// Reads all that is there now. The descriptors do not block. At the end of a stream it is closed; a terminal whose
    /// other side has gone is kept, for its settings.
    private static func read(_ descriptor: inout Int32, into bytes: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while descriptor >= 0 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count < 0, errno == EINTR {
                continue
            } else {
                if count == 0 {
                    close(descriptor)
                    descriptor = -1
                }
                return
            }
        }
    }

    /// True as long as the process has not ended, asked just now.
    var isAlive: Bool {
        guard ending == nil else { return false }
        var entry = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// True for a signal that was sent and that none of its threads has taken yet.
    func isPending(_ number: Int32) -> Bool {
        let pending = ProcessTable.status(of: process, "ShdPnd").flatMap { UInt64($0, radix: 16) } ?? 0
        return pending & 1 << (number - 1) != 0
    }

    // MARK: Doing

    func send(_ number: Int32) {
        if ending == nil { kill(process, number) }
    }

    /// Types into the terminal.
    func type(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
    }

    /// Reads some of what is waiting in the terminal, and leaves the rest.
    func readTerminal(atMost count: Int) {
        var buffer = [UInt8](repeating: 0, count: max(1, count))
        if count > 0 { _ = Glibc.read(terminal, &buffer, count) }
    }

    /// The terminal goes away, as when its window is closed or the line drops.
    func hangUp() {
        close(terminal)
        terminal = -1
    }

    /// Nobody reads standard output any more.
    func closeOutput() {
        close(output)
        output = -1
    }

    // MARK: Looking

    /// The terminal's settings; nil without a terminal.
    var settings: TerminalSettings? { TerminalSettings(of: terminal) }

    /// False when the last thing said about the cursor was to hide it.
    var isCursorShown: Bool {
        guard let last = terminalText.components(separatedBy: "\u{1B}[?25").dropFirst().last else { return true }
        return last.hasPrefix("h")
    }

    /// The processes of its session, itself included, that exist now.
    var sessionMembers: [pid_t] { ProcessTable.members(ofSession: process) }
}
