import Foundation
import Testing

/// A supervised program at a terminal: the keys reach it once, and the shell sees what it would see of the program alone.
@Suite(.serialized) struct SupervisorTerminalTests {
    private func command(_ program: CrashProgram, _ action: String) -> String {
        "CRASH_TEST_SUPERVISED=never '\(CrashProgram.path)' '\(program.store)' \(action)"
    }

    @Test func anInterruptReachesTheProgramOnceAndEndsBoth() throws {
        let program = try CrashProgram()
        let terminal = try TestTerminal()
        terminal.type(command(program, "count-signals") + "\r")
        #expect(terminal.waits(for: "ready ") && terminal.waits(for: "\r\n"))
        let words = terminal.all.components(separatedBy: "ready ").last?.prefix { $0.isNumber }
        let process = try #require(words.flatMap { Int32($0) })
        // A second one that comes before the program has taken the first is none: so there are many.
        let presses = 16
        for _ in 0..<presses {
            terminal.type("\u{3}")
            #expect(terminal.waits(for: "got 2\r\n"))
            kill(process, SIGUSR1)
            #expect(terminal.waits(for: "got 10\r\n"))
        }
        kill(process, SIGTERM)
        #expect(terminal.waits(for: "$ "))
        terminal.type("echo \"then:$?\"\r")
        #expect(terminal.waits(for: "then:130"), "\(terminal.all)")
        let got = terminal.all.components(separatedBy: "got 2\r\n").count - 1
        #expect(got == presses, "\(terminal.all)")
    }

    @Test func aJobStopsAndGoesOn() throws {
        let program = try CrashProgram()
        let terminal = try TestTerminal()
        terminal.type(command(program, "wait") + "\r")
        #expect(terminal.waits(for: "waiting"))
        let job = terminal.foreground
        try #require(job > 1)
        defer { kill(-job, SIGKILL) }
        let children = try String(contentsOfFile: "/proc/\(job)/task/\(job)/children", encoding: .utf8)
        let child = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
        terminal.type("\u{1A}")
        #expect(terminal.waits(for: "Stopped"), "the shell has no job: \(terminal.all)")
        #expect(Self.waits { Self.state(job) == "T" && Self.state(child) == "T" })
        terminal.type("bg\r")
        #expect(Self.waits { Self.state(job) == "S" && Self.state(child) == "S" })
        terminal.type("fg\r")
        #expect(Self.waits { terminal.foreground == job })
        terminal.type("\u{3}")
        #expect(Self.waits { terminal.foreground != job }, "it goes on: \(terminal.all)")
        terminal.type("echo \"then:$?\"\r")
        #expect(terminal.waits(for: "then:130"), "\(terminal.all)")
    }

    /// What the kernel calls it: S for one that sleeps, T for one that is stopped.
    private static func state(_ process: Int32) -> Substring? {
        let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return text?.split(separator: ")").last?.split(separator: " ").first
    }

    private static func waits(until isSo: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(30)
        while !isSo() {
            guard ContinuousClock.now < end else { return false }
            usleep(1_000)
        }
        return true
    }

    /// That the kernel says to the session's leader alone, and that is the parent.
    @Test func aTerminalThatIsClosedEndsBoth() throws {
        let program = try CrashProgram()
        var terminal: TestTerminal? = try TestTerminal()
        terminal?.type("exec env " + command(program, "serve") + "\r")
        #expect(terminal?.waits(for: "serving") == true)
        let parent = try #require(terminal?.foreground)
        let children = try String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
        let child = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
        // Whoever closes it waits for its shell, which the parent has become.
        let limit = DispatchWorkItem { for process in [parent, child] { kill(process, SIGKILL) } }
        DispatchQueue.global().asyncAfter(deadline: .now() + 10, execute: limit)
        terminal = nil
        limit.cancel()
        #expect(CrashProgram.isGone(parent) && CrashProgram.isGone(child))
        #expect(try program.tell().ending == "was stopped by SIGHUP")
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
