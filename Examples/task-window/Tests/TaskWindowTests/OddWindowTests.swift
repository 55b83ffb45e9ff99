import Foundation
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// Windows and widgets used as nobody should use them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OddWindowTests {
    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    private func start(_ arguments: String...) throws -> WindowedRun {
        try WindowedRun("odd-window", arguments, on: desktop, reader)
    }

    // MARK: Several windows

    @Test(arguments: [false, true]) func aSignalShowsTheEndInEveryWindow(_ late: Bool) throws {
        let run = try late ? start("several", "late") : start("several")
        try run.waitForWindows(3)
        run.waitForWords(#"["First", "Second", "Raw"]"#)
        run.program.send(SIGTERM)
        let shown = late ? 3 : 2
        let isShown = run.program.wait(for: .seconds(2)) {
            run.labels.count { $0 == "Shutting down…" } == shown || run.program.ending != nil
        }
        #expect(isShown && run.program.ending == nil, "\(run.labels) \(run.program.everything)")
        let buttons = try reader.items(of: run.program.process).filter { $0.role == "push button" }.map(\.name)
        #expect(!buttons.contains("Keep open") && !buttons.contains("Close now"), "\(buttons)")
        run.program.waitForEnd(within: .seconds(10))
        #expect(run.program.ending == .signalled(SIGTERM), "\(run.program.everything)")
        if late { #expect(run.program.outputText.contains("late: stopped"), "\(run.program.outputText)") }
        #expect(run.complaint == nil, "several")
    }

    @Test func theLastOfSeveralWindowsBeginsTheEnd() throws {
        let run = try start("several")
        try run.waitForWindows(3)
        let windows = run.windows
        run.close(try #require(windows.first { $0.title == "Second" }))
        run.waitForWords(#"Second closed; left: ["First", "Raw"]"#)
        #expect(!run.program.outputText.contains("began"), "\(run.program.outputText)")
        run.close(try #require(windows.first { $0.title == "First" }))
        run.program.waitForEnd(within: .seconds(10))
        #expect(run.program.outputText.contains("began: last window closed"), "\(run.program.outputText)")
        // Their workers were left behind, and are still there.
        #expect(run.program.ending == .exited(70), "\(run.program.everything)")
        #expect(run.complaint == nil, "last")
    }

    // MARK: Windows of other bindings

    @Test func aWindowOfOtherBindingsClosesInOrder() throws {
        let run = try start("raw", "closes")
        try run.waitForWindows(1)
        run.waitForWords("[\"Raw\"]\n")
        run.close(run.windows[0])
        #expect(run.program.wait(for: .seconds(2)) { run.labels.contains("Shutting down…") }, "\(run.labels)")
        try run.press("Keep open")
        try #require(run.program.wait(for: .seconds(2)) { run.labels.contains("raw works") }, "\(run.labels)")
        // Its worker stops all the same.
        run.waitForWords("finished")
        let time = run.end { run.close(run.windows[0]) }
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "raw")
    }

    @Test func aWindowThatSomebodyDestroysIsSilentAtOnce() throws {
        let run = try start("raw", "destroyed")
        run.program.waitForEnd(within: .seconds(10))
        #expect(
            run.program.outputText == "[\"Raw\"]\ndestroyed: closed, left: [\"Other\"]\nlate 0\n",
            "\(run.program.everything)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "destroyed")
    }

    @Test func theScopeOfAWindowThatIsGoneIsClosed() throws {
        let run = try start("raw", "gone")
        try run.waitForWindows(1)
        run.waitForWords("unlucky is closed\n")
        _ = run.end { run.close(run.windows[0]) }
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "gone")
    }

    // MARK: Failures

    @Test func aHandlerThatThrowsIsNamedOnceAndClosesNothing() throws {
        let run = try start("throws", "button")
        try run.waitForWindows(1)
        try run.press("Break")
        #expect(run.program.wait(for: .seconds(5)) { !run.program.errorText.isEmpty })
        let time = run.end { run.close(run.windows[0]) }
        let lines = run.program.errorText.split(separator: "\n").filter { $0.contains("it is broken") }
        #expect(lines.count { $0.hasPrefix("Roost: ") } == 1, "\(lines)")
        #expect(lines.allSatisfy { $0.contains("button 'Break'") }, "\(lines)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "throws")
    }

    @Test func aBodyThatThrowsIsStatus1AndALine() throws {
        let run = try start("throws", "body")
        run.program.waitForEnd(within: .seconds(10))
        #expect(run.program.ending == .exited(1), "\(run.program.everything)")
        #expect(run.program.errorText.hasPrefix("odd-window: it is broken\n"), "\(run.program.errorText)")
        #expect(run.complaint == nil, "body")
    }

    @Test func noDisplayIsStatus69AndALine() throws {
        let workspace = try Workspace()
        let launch = Launch(Executables.path("odd-window"), ["throws"], in: workspace)
        let program = try Program(launch)
        #expect(program.waitForEnd(within: .seconds(10)) == .exited(69), "\(program.everything)")
        #expect(program.errorText == "odd-window: there is no display to open a window on\n")
    }

    // MARK: Odd uses

    /// What each says, line by line.
    private static let closings: [String: [String]] = [
        "twice": [#"closed; left: ["Other"]"#, #"still in the callback: ["Other"]"#],
        "in-update": ["finished", #"closed; left: ["Other"]"#],
        "in-end": [#"closed; left: ["Other"]"#],
        "in-closed": [#"closed; left: ["Other"]"#, "once more"],
        "used-after": [
            #"closed; left: ["Other"]"#, "closed already", #"late is closed; left: ["Other"], title 'Odd'"#,
        ],
        "for-ever": ["finished", #"closed; left: ["Other"]"#],
        "negative": [#"closed; left: ["Other"]"#],
        "same-scope": ["finished", #"closed; left: ["Other"]"#],
        // Not abandoned: a second request takes nothing of what the workers were given.
        "captured": ["still held: 0", #"closed; left: ["Other"]"#],
        "never-shown": [#"closed; left: ["Other", "Never shown"]"#],
        "owned-by-a-job": Array(repeating: "posted by what a job owned", count: 3) + [#"closed; left: ["Other"]"#],
        "second-request": [#"closed; left: ["Other"]"#, "needs a while: finished"],
    ]

    @Test(arguments: closings.keys.sorted()) func oddClosing(_ name: String) throws {
        let run = try start("closing", name)
        run.program.waitForEnd(within: .seconds(20))
        let lines = run.program.outputText.split(separator: "\n").map(String.init)
        #expect(lines == Self.closings[name], "\(run.program.everything)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "\(name)")
    }

    @Test func aButtonMayCloseItsWindow() throws {
        let run = try start("closing", "in-button")
        try run.waitForWindows(2)
        try run.press("Go")
        run.program.waitForEnd(within: .seconds(20))
        #expect(run.program.outputText == "closed; left: [\"Other\"]\n", "\(run.program.everything)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "button")
    }

    @Test func aScopeThatIsAddedWhileItsWindowClosesClosesWithIt() throws {
        let run = try start("closing", "scope-while-closing")
        run.program.waitForEnd(within: .seconds(20))
        let lines = run.program.outputText.split(separator: "\n").map(String.init)
        #expect(
            lines == ["added was asked", "more: stopped: window closed", #"closed; left: ["Other"]"#],
            "\(run.program.everything)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "added")
    }

    /// One of its scopes has nobody to wait for, and opens again with the other.
    @Test func aWindowWithSeveralScopesIsKeptOpenWhole() throws {
        let run = try start("closing", "keep-several")
        try run.waitForWindows(2)
        run.close(try #require(run.windows.first { $0.title == "Odd" }))
        try run.press("Keep open", saying: "Works. It finished.")
        try run.press("Go on", saying: "odd: finished.")
        #expect(run.labels.contains { $0.contains("idle: finished.") }, "\(run.labels)")
        run.close(try #require(run.windows.first { $0.title == "Odd" }))
        run.program.waitForEnd(within: .seconds(20))
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "several")
    }

    @Test func aWindowIsOpenAgainWhenCodeKeepsItsScopeOpen() throws {
        let run = try start("closing", "kept-by-code")
        #expect(run.program.wait(for: .seconds(10)) { run.labels.contains("Shutting down…") })
        run.waitForWords("kept open: true")
        #expect(run.program.wait(for: .seconds(10)) { run.labels.contains("Works.") }, "\(run.labels)")
        run.close(try #require(run.windows.first { $0.title == "Odd" }))
        run.program.waitForEnd(within: .seconds(20))
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "kept by code")
    }

    /// As soon as there is a handler, and long before there is a window.
    @Test func aSignalWhileItStartsEndsItAtOnce() throws {
        for _ in 1...3 {
            let run = try start("several")
            run.program.wait(for: .seconds(10)) {
                let caught = ProcessTable.status(of: run.program.process, "SigCgt").flatMap { UInt64($0, radix: 16) }
                return (caught ?? 0) & 1 << (UInt64(SIGTERM) - 1) != 0 || run.program.ending != nil
            }
            let time = run.end { run.program.send(SIGTERM) }
            #expect(run.program.ending == .signalled(SIGTERM), "\(run.program.everything)")
            #expect(time < .seconds(2), "\(time)")
        }
    }

    @Test func widgetsTakeAnyValue() throws {
        let run = try start("widgets")
        run.program.waitForEnd(within: .seconds(60))
        #expect(
            run.program.outputText == """
                title 'a'
                label 'a'
                view ["one", "two"]
                view ["one", "TWO", "three"]
                view ["x"]
                view ["", "", ""]
                view ["a b ", "c d"]
                view [""]
                view ["é\u{301}", "", "last"]
                label 'under_score <b>bold</b> 100 %s'
                nan is 0.0
                -1.0 is 0.0
                2.0 is 1.0
                inf is 1.0
                -inf is 0.0
                snan is 0.0
                0.25 is 0.25
                least height 0
                list 100009 soon
                empty 0 0
                a text is a picture: false

                """, "\(run.program.everything)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "widgets")
    }
}
