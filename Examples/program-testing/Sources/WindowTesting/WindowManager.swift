import Foundation
import Glibc

@testable import ProgramTesting

/// The window manager of a test's desktop, asked as a person's pager would ask it.
public struct WindowManager: Sendable {
    let display: String

    /// One window that it manages.
    public struct Window: Hashable, Sendable {
        public let id: String
        public let process: pid_t
        public let title: String
    }

    /// Asks `wmctrl`; nil when it failed.
    private func ask(_ arguments: [String]) -> String? {
        guard let workspace = try? Workspace() else { return nil }
        var launch = Launch("/usr/bin/env", ["wmctrl"] + arguments, in: workspace)
        launch.environment["DISPLAY"] = display
        guard let program = try? Program(launch), program.waitForEnd(within: .seconds(10)) == .exited(0) else {
            return nil
        }
        return program.outputText
    }

    func isReady(within limit: Duration) -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if ask(["-m"])?.contains("Name: Openbox") == true { return true }
            usleep(20_000)  // nothing announces it
        }
        return false
    }

    /// The windows there are now.
    public var all: [Window] {
        // id, desktop, process, host, title
        (ask(["-l", "-p"]) ?? "").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
            guard fields.count == 5, let process = pid_t(fields[2]) else { return nil }
            return Window(id: String(fields[0]), process: process, title: String(fields[4]))
        }
    }

    /// Asks the window to close, as its close button does.
    public func close(_ window: Window) { _ = ask(["-i", "-c", window.id]) }
}
