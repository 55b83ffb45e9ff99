import CRoostPlatform
import Glibc
import Roost

/// The terminal of a program: a progress line that stays out of the way, lines above it, and good manners at Ctrl-C.
///
/// Everything is written to standard error, so standard output stays free for results, and on a thread of the terminal's
/// own, so a terminal held by Ctrl-S or a pipe nobody reads never holds a worker or the main thread. In a pipe, or with
/// `TERM=dumb`, there is no moving line: at most one plain line every five seconds. `NO_COLOR` is honoured
/// (https://no-color.org). Whatever ends the program, the terminal is as it was before.
///
/// A terminal is also a `DeliveryPort`: its jobs run on its thread.
public final class Terminal: DeliveryPort {
    /// What a terminal knows of where it writes; tests make their own.
    public struct Options: Sendable {
        /// The descriptor that is written to.
        public var descriptor: Int32
        /// Whether the line may move; by default when the descriptor is a terminal and `TERM` is not `dumb`.
        public var isInteractive: Bool
        /// Whether colours may be used; by default when interactive and `NO_COLOR` is not set.
        public var usesColor: Bool
        /// The least time between two drawings of the line.
        public var interval: Duration

        /// The options for a descriptor as it is found.
        public init(descriptor: Int32 = 2) {
            self.descriptor = descriptor
            let term = getenv("TERM").map { String(cString: $0) } ?? ""
            isInteractive = isatty(descriptor) == 1 && term != "dumb" && !term.isEmpty
            let noColor = getenv("NO_COLOR").map { !String(cString: $0).isEmpty } ?? false
            usesColor = isInteractive && !noColor
            interval = isInteractive ? .milliseconds(80) : .seconds(5)
        }
    }

    private let options: Options
    private let thread: SerialThread
    private let time: any TimeSource
    private let state: TerminalState

    /// Creates a terminal. Its settings are remembered here and restored at every end of the process. If it is interactive,
    /// SIGTSTP (Ctrl-Z) is handled from here on: the terminal is given back before the process stops.
    public init(_ options: Options = Options(), time: any TimeSource = SystemTime.shared) {
        self.options = options
        self.time = time
        state = TerminalState(drawsAfter: options.isInteractive ? .zero : options.interval, now: time.now)
        // Not waited for at the end of the process: a terminal that does not take anything is nobody's work.
        thread = SerialThread("terminal", stackSize: 256 * 1024, priority: .normal, time: time, root: nil)
        roost_terminal_remember(options.descriptor)
        if options.isInteractive { roost_signals_handle_stop_key() }
    }

    public func post(_ job: @escaping @Sendable () -> Void) {
        thread.post(job)
    }

    // MARK: Showing

    /// Shows how far something is. Newest wins: drawn at most every ``Options/interval``.
    public func show(_ label: String, _ progress: WorkerProgress) {
        guard let delay = state.offer(label, progress, now: time.now, interval: options.interval) else { return }
        if delay <= .zero {
            thread.post { [weak self] in self?.draw() }
        } else {
            thread.after(delay) { [weak self] in self?.draw() }
        }
    }

    /// Writes a line above the progress line. Control characters in it are made visible.
    public func line(_ text: String) {
        let text = ProgressLayout.printable(text)
        thread.post { [self] in
            eraseLine()
            write(text + "\n")
            if options.isInteractive { drawLine() }
        }
    }

    /// Takes the progress line away; returns at once. What is shown from then on is drawn again.
    public func clear() {
        thread.post { [self] in
            state.clear()
            eraseLine()
        }
    }

    /// Takes the progress line away and returns once everything was written, or after a second: a terminal that takes
    /// nothing is not waited for longer.
    public func finish() async {
        let done = OneShot<Void>()
        thread.post { [self] in
            state.clear()
            eraseLine()
            done.resolve(())
        }
        let timer = time.schedule(after: .seconds(1)) { done.resolve(()) }
        await done.value
        timer.cancel()
    }

    private func draw() {
        guard state.beginDrawing(now: time.now) else { return }
        drawLine()
    }

    private func drawLine() {
        guard let (label, progress) = state.shown else { return }
        let layout = ProgressLayout(width: columns, usesColor: options.usesColor)
        let text = layout.line(label: label, progress)
        guard options.isInteractive else { return write(text + "\n") }
        if state.setLineVisible(true) == false {
            // The cursor is hidden while the line is there; the farewell brings it back at any end.
            let farewell = "\r\u{1B}[K\u{1B}[?25h"
            roost_terminal_set_farewell(farewell, farewell.utf8.count)
            write("\u{1B}[?25l")
        }
        write("\r" + text + "\u{1B}[K")
    }

    private func eraseLine() {
        guard options.isInteractive, state.setLineVisible(false) else { return }
        write("\r\u{1B}[K\u{1B}[?25h")
        roost_terminal_set_farewell(nil, 0)
    }

    private var columns: Int {
        guard options.isInteractive else { return 100 }
        var size = winsize()
        guard ioctl(options.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        // The last column stays free: writing there wraps on some terminals.
        return Int(size.ws_col) - 1
    }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                // Nothing any more once the end has given the terminal back.
                let written = roost_terminal_write(
                    options.descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if written < 0 {
                    if errno == EINTR { continue }
                    return  // the terminal is gone; there is nobody to tell
                }
                offset += written
            }
        }
    }

    // MARK: Manners at the end

    /// The first Ctrl-C says what is waited for and how long at most, the second forces; who was abandoned is named.
    /// After Ctrl-Z and `fg` the line is drawn again.
    public func attach(to shutdown: Shutdown) {
        shutdown.onEvent(on: self) { [weak self] event in self?.tell(event) }
        shutdown.onContinue { [weak self] in
            guard let self else { return }
            thread.post {
                _ = self.state.setLineVisible(false)
                self.drawLine()
            }
        }
    }

    private func tell(_ event: ShutdownEvent) {
        switch event {
        case .waiting(let workers, let others, let timeLeft):
            // A main body alone nearly always ends at once; it is named when it does not.
            guard !workers.isEmpty || state.isSecondTimeForOthers(others), state.firstTimeWaiting() else { return }
            line(ShutdownManners.waiting(for: workers.map { "'\($0.name)'" } + others, timeLeft: timeLeft))
        case .began, .abandoned, .finalizing, .ended: break
        }
    }
}
