import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// The window that a newcomer sees first, closed while everything it can do is under way. `ROOST_INSTANTS` closes for each
/// button, three unless told; `ROOST_SEED` repeats them.
@Suite(.serialized, .timeLimit(.minutes(20))) struct TaskWindowTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let instants = environment["ROOST_INSTANTS"].flatMap { Int($0) } ?? 3
    private static let seed = environment["ROOST_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...999_999)

    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    /// The buttons, and what the window says once one has done its part: GTK lets a button that is pressed by a screen reader
    /// stay down for a quarter of a second.
    private static let buttons = [
        "Start Task": "count to 100 started", "Start Several": "task 5 started", "Pause": "paused", "Stop": ": stopped",
        "Start Stubborn": "stubborn started", "Start Flood": "flood", "New Window": "",
    ]

    @Test(arguments: buttons.keys.sorted()) func closesAtAnyInstant(_ button: String) throws {
        print("\(button): ROOST_SEED=\(Self.seed)")
        var times: [Duration] = []
        for attempt in 1...Self.instants {
            var random = SeededGenerator(Self.seed, "\(button) \(attempt)")
            let note: Comment = "\(button), attempt \(attempt), ROOST_SEED=\(Self.seed)"
            let run = try WindowedRun(on: desktop, reader)
            try run.waitForWindows(1)
            if button == "Pause" || button == "Stop" { try run.press("Start Several", saying: "task 5 started") }
            try run.press(button, saying: Self.buttons[button] ?? "")
            if button == "New Window" {
                try run.waitForWindows(2)
                run.close(run.windows[1])
                try run.waitForWindows(1)
            }
            spin(until: .now + .microseconds(Int.random(in: 0...300_000, using: &random)))
            let window = try #require(run.windows.first)
            let time = run.end { run.close(window) }
            let isStubborn = button == "Start Stubborn"
            #expect(run.program.ending == .exited(isStubborn ? 70 : 0), "\(note): \(run.program.everything)")
            #expect(time < (isStubborn ? .milliseconds(3_500) : .milliseconds(2_000)), "\(note): \(time)")
            if isStubborn { #expect(run.program.errorText.contains("'stubborn' of 'task window'"), note) }
            #expect(run.complaint == nil, note)
            times.append(time)
        }
        times.sort()
        print(
            "\(button): gone after \(times[times.count / 2] / .milliseconds(1)) ms (median), \(times[times.count - 1] / .milliseconds(1)) ms at most"
        )
    }

    @Test func anotherWindowIsNotDisturbedByAStubbornWorker() throws {
        let run = try WindowedRun(on: desktop, reader)
        try run.waitForWindows(1)
        try run.press("Start Task", saying: "count to 100 started")
        try run.press("New Window")
        try run.waitForWindows(2)
        try run.press("Start Stubborn", saying: "stubborn started")
        run.close(run.windows[1])
        try run.waitForWindows(1)
        // The first one's work goes on, to its end.
        #expect(run.program.wait(for: .seconds(30)) { run.labels.contains("count to 100: finished") })
        let window = try #require(run.windows.first)
        _ = run.end { run.close(window) }
        #expect(run.program.ending == .exited(70), "its thread is still there: \(run.program.everything)")
        #expect(run.complaint == nil, "two windows")
    }

    @Test func theProgramOfTheGuideCloses() throws {
        let run = try WindowedRun("window-guide", on: desktop, reader)
        try run.waitForWindows(1)
        try run.press("Count")
        let bar = run.program.wait(for: .seconds(10)) {
            (try? reader.items(of: run.program.process))?.contains { $0.role == "progress bar" && $0.name == "Count" }
                == true
        }
        #expect(bar, "named for a screen reader")
        let time = run.end { run.close(run.windows[0]) }
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "guide")
    }

    @Test func keptOpenAtTheLastMomentAndClosedAtOnce() throws {
        // Too late is a close like any other: on a busy machine it is tried again.
        var kept: WindowedRun?
        for _ in 1...5 where kept == nil { kept = try keptOpen(after: .milliseconds(1_920)) }
        let run = try #require(kept)
        // It takes new work, past the budget of the close that was called off.
        try run.press("Start Task", saying: "count to 100 started")
        run.close(try #require(run.windows.first))
        #expect(run.program.wait(for: .seconds(2)) { run.labels.contains("Shutting down…") })
        let time = try run.end { try run.press("Close now") }
        #expect(run.program.ending == .exited(70), "\(run.program.everything)")
        // A quarter of a second for the button, a tenth for the workers.
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "kept open")
        print("closed now: gone after \(time / .milliseconds(1)) ms")
    }

    /// A window with a stubborn worker that was asked to close, and kept open by its key so long after that: two seconds after
    /// the request it would have gone. Nil when it has.
    private func keptOpen(after time: Duration) throws -> WindowedRun? {
        let run = try WindowedRun(on: desktop, reader)
        try run.waitForWindows(1)
        try run.press("Start Stubborn", saying: "stubborn started")
        let asked = ContinuousClock.now
        run.close(run.windows[0])
        #expect(run.program.wait(for: .seconds(2)) { run.labels.contains("Shutting down…") })
        spin(until: asked + time)
        try reader.type(.alt, "k")
        // Past the budget, and 100 ms more.
        run.program.wait(for: asked + .milliseconds(2_300) - .now) { run.program.ending != nil }
        guard run.program.ending == nil else { return nil }
        #expect(run.labels.contains("stubborn started"), "\(run.labels)")
        return run
    }
}
