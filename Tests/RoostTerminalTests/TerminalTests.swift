import Foundation
import Roost
import RoostTerminal
import RoostTesting
import Testing

@Suite("Terminal", .timeLimit(.minutes(2)))
struct TerminalTests {
    /// A pipe with a terminal at its writing end, as the tests want it.
    private final class Output: Sendable {
        let reading: Int32
        let writing: Int32

        init() {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            // The terminal's thread may still write when the reading end goes.
            signal(SIGPIPE, SIG_IGN)
            reading = ends[0]
            writing = ends[1]
        }

        deinit { close(reading) }

        func terminal(interactive: Bool, interval: Duration = .zero) -> Terminal {
            var options = Terminal.Options(descriptor: writing)
            options.isInteractive = interactive
            options.interval = interval
            return Terminal(options)
        }

        func everything() -> String {
            close(writing)
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(reading, &chunk, chunk.count)
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += chunk[..<count]
            }
        }
    }

    @Test("a moving line is taken away again and the cursor is shown")
    func interactive() async throws {
        let output = Output()
        let terminal = output.terminal(interactive: true)
        terminal.show("work", WorkerProgress(1, of: 2))
        terminal.line("a message")
        terminal.show("work", WorkerProgress(2, of: 2))
        await terminal.finish()
        let text = output.everything()
        #expect(text.contains("a message\n"))
        #expect(text.contains("2/2") || text.contains("1/2"))
        let lastShown = try #require(text.range(of: "\u{1B}[?25h", options: .backwards))
        let lastHidden = try #require(text.range(of: "\u{1B}[?25l", options: .backwards))
        #expect(lastHidden.lowerBound < lastShown.lowerBound)
        #expect(text.hasSuffix("\r\u{1B}[K\u{1B}[?25h"))
    }

    @Test("in a pipe there are only plain lines")
    func plainLines() async {
        let output = Output()
        let terminal = output.terminal(interactive: false)
        terminal.line("a message")
        terminal.show("work", WorkerProgress(1, of: 2))
        await terminal.finish()
        let text = output.everything()
        #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        #expect(text.hasPrefix("a message\n"))
    }

    @Test("short work in a pipe says nothing of its progress")
    func quietPipe() async {
        let output = Output()
        let terminal = output.terminal(interactive: false, interval: .seconds(5))
        for n in 1...1_000 { terminal.show("work", WorkerProgress(n, of: 1_000)) }
        await terminal.finish()
        #expect(output.everything() == "")
    }

    @Test("finish returns although nobody takes the output")
    func blockedOutput() async {
        let output = Output()
        let flags = fcntl(output.writing, F_GETFL)
        _ = fcntl(output.writing, F_SETFL, flags | O_NONBLOCK)
        let filler = [UInt8](repeating: 0x20, count: 65_536)
        while write(output.writing, filler, filler.count) > 0 {}
        _ = fcntl(output.writing, F_SETFL, flags)
        let terminal = output.terminal(interactive: true)
        terminal.line("nobody reads this")
        let start = MonotonicTime.now
        await terminal.finish()
        // It gives up after a second; the limit leaves room for a machine that is busy with other things.
        #expect(MonotonicTime.now - start < .seconds(30))
        // Lets the terminal's thread out of its write.
        _ = fcntl(output.reading, F_SETFL, O_NONBLOCK)
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while read(output.reading, &chunk, chunk.count) > 0 {}
    }
}
