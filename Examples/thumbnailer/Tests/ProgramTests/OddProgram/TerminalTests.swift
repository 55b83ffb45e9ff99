import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// The terminal is as it was before, however a program ends.
@Suite struct TerminalTests {
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func settingsAreRestored(_ signal: Int32) throws {
        let odd = try OddProgram("raw-terminal", untilReady: false) { $0 = $0.inTerminal() }
        let before = try #require(odd.program.settingsAtStart)
        #expect(odd.program.wait { odd.program.settings != before && !odd.program.isCursorShown })
        _ = odd.end(by: signal)
        #expect(odd.program.ending == .signalled(signal))
        #expect(odd.program.settings == before && odd.program.isCursorShown)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func settingsAreRestoredPastTheBudgetAndByASecondInterrupt(_ signal: Int32) throws {
        let odd = try OddProgram("raw-stubborn-terminal", untilReady: false) { $0 = $0.inTerminal() }
        let before = try #require(odd.program.settingsAtStart)
        #expect(odd.program.wait { odd.program.settings != before && !odd.program.isCursorShown })
        odd.program.send(signal)
        if signal == SIGINT {
            #expect(odd.program.wait { odd.program.terminalText.contains("Stopping: waiting for 'keys forever'") })
            #expect(odd.program.settings != before)
            odd.program.send(SIGINT)
        }
        #expect(odd.program.waitForEnd() == (signal == SIGINT ? .signalled(SIGINT) : .exited(70)))
        #expect(odd.program.settings == before && odd.program.isCursorShown)
    }

    /// `taken`: how many bytes somebody reads after it was full, so that there is some room, but not for all that the end
    /// has to say.
    @Test(arguments: ["full-terminal", "full-terminal-without-allocator"], [0, 1, 600, 1_500])
    func aFullTerminalThatNobodyReadsDoesNotHoldTheEnd(_ word: String, taken: Int) throws {
        let odd = try OddProgram(word, untilReady: false) {
            $0 = $0.inTerminal()
            $0.environment["MALLOC_ARENA_MAX"] = "1"
        }
        odd.program.readsTerminal = false
        let marker = odd.workspace.path("home/full")
        #expect(odd.program.wait(for: .seconds(5)) { FileFacts(marker) != nil })
        odd.program.readTerminal(atMost: taken)
        let time = odd.end()
        #expect(odd.program.ending == .exited(70))
        #expect(time < OddProgram.budget + OddProgram.slack, "\(time)")
        let isAllocatorHeld = FileFacts(odd.workspace.path("home/allocator-held")) != nil
        #expect(isAllocatorHeld == (word == "full-terminal-without-allocator"))
        odd.expectNothingLeft()
    }

    /// The end may come in the middle of a drawing; nothing is drawn behind it.
    @Test func aTerminalThatIsDrawnOnAllTheTimeIsRestored() throws {
        for attempt in 1...12 {
            let odd = try OddProgram("busy-terminal", untilReady: false) { $0 = $0.inTerminal() }
            #expect(odd.program.wait { odd.program.terminalText.contains("line \(attempt * 10)") })
            odd.program.send(SIGINT)
            // Two that come at once are one.
            #expect(odd.program.wait { odd.program.terminalText.contains("Stopping: waiting for 'draws'") })
            odd.program.send(SIGINT)
            #expect(odd.program.waitForEnd() == .signalled(SIGINT))
            #expect(odd.program.isCursorShown, "attempt \(attempt): \(odd.program.terminalText.suffix(80))")
        }
    }

    /// No worker runs, and main takes its time: it is named.
    @Test func aMainBodyThatIsWaitedForIsNamed() throws {
        let odd = try OddProgram("slow-main-in-terminal", untilReady: false) { $0 = $0.inTerminal() }
        #expect(odd.program.wait { odd.program.terminalText.contains("ready") })
        odd.program.send(SIGINT)
        let words = "Stopping: waiting for the program's main body, "
        #expect(odd.program.wait(for: .seconds(8)) { odd.program.terminalText.contains(words) })
        odd.program.type("seen\n")
        #expect(odd.program.waitForEnd() == .signalled(SIGINT))
    }

    /// In a shell with job control: Ctrl-Z gives the terminal back, `fg` draws again, Ctrl-C ends.
    @Test func theStopKeyGivesTheTerminalBack() throws {
        let command = "'\(Executables.odd)' raw-terminal"
        try expectTheStopKeyToGiveTheTerminalBack(command, drawing: "keys", in: try Workspace())
    }
}
