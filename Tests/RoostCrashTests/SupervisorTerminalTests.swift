import Foundation
import Testing

/// A supervised program at a terminal: the keys reach it once, and the shell sees what it would see of the program alone.
@Suite(.serialized) struct SupervisorTerminalTests {
    private func command(_ program: CrashProgram, _ action: String) -> String {
        "CRASH_TEST_SUPERVISED=never '\(CrashProgram.path)' '\(program.store)' \(action)"
    }

    @Test func anInterruptEndsBothOnce() throws {
        let program = try CrashProgram()
        let terminal = try TestTerminal()
        terminal.type(command(program, "count-signals") + "; echo \"status:$?\"\r")
        #expect(terminal.waits(for: "ready "))
        terminal.type("\u{3}")
        #expect(terminal.waits(for: "got 2\r\n"))
        // The program waits for a second one before it ends: there is none. The shell gives up the rest of its line, as it does when a program
        // ends by SIGINT.
        terminal.type("echo \"then:$?\"\r")
        #expect(terminal.waits(for: "then:130"), "\(terminal.text)")
        #expect(!terminal.text.contains("got 2"), "it came twice")
    }

    @Test func aJobStopsAndGoesOn() throws {
        let program = try CrashProgram()
        let terminal = try TestTerminal()
        terminal.type(command(program, "wait") + "\r")
        #expect(terminal.waits(for: "waiting"))
        terminal.type("\u{1A}")
        #expect(terminal.waits(for: "Stopped"), "the shell has no job: \(terminal.text)")
        terminal.type("ps -o stat= --ppid $(jobs -p)\r")
        #expect(terminal.waits(for: "\nT"), "the program goes on: \(terminal.text)")
        terminal.type("bg; sleep 0.2; ps -o stat= --ppid $(jobs -p) | sed s/^/state:/\r")
        #expect(terminal.waits(for: "state:S"), "the program is stopped: \(terminal.text)")
        terminal.type("fg\r")
        #expect(terminal.waits(for: "crash-test-app"))
        terminal.type("\u{3}")
        terminal.type("echo \"then:$?\"\r")
        #expect(terminal.waits(for: "then:130"), "\(terminal.text)")
    }

    /// Only the program was held up, by somebody who goes on with it alone: its parent goes on meanwhile.
    @Test func aProgramThatSomebodyHoldsUp() throws {
        let program = try CrashProgram()
        let running = try program.supervised("count-signals")
        #expect(running.waits(for: "ready"))
        let child = try running.child()
        kill(child, SIGSTOP)
        kill(running.id, SIGUSR1)
        kill(child, SIGCONT)
        #expect(running.waits(for: "got 10\n"), "the parent is stopped")
        kill(running.id, SIGUSR2)
        #expect(running.end().status == 0)
    }
}
