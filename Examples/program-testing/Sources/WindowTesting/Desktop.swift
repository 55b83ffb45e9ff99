import Foundation
import Glibc

@testable import ProgramTesting

/// A desktop of its own for a test: an X server without a screen, a window manager, and a message bus with the services that
/// a screen reader uses. Everything of it ends with this value.
public final class Desktop {
    public struct Unavailable: Error, CustomStringConvertible {
        public let description: String
    }

    private let services: Services
    private let display: String
    private let bus: String
    public let windows: WindowManager
    /// In pixels.
    public let width: Int

    /// Size in pixels. `look` is a folder with an `rc.xml` for the window manager, and its theme in `themes`.
    public init(width: Int = 1_024, height: Int = 768, look: String? = nil) throws {
        self.width = width
        services = try Services()
        let screen = "\(width)x\(height)x24"
        // Without -noreset it starts over whenever its last client goes, and refuses the window manager that comes just then.
        let server = try services.start(
            "Xvfb", ["-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp", "-noreset"])
        display = ":" + (try Services.firstLine(of: server, "Xvfb"))
        let daemon = try services.start(
            "dbus-daemon", ["--session", "--nofork", "--print-address=1"], ["DISPLAY": display])
        bus = try Services.firstLine(of: daemon, "dbus-daemon")
        let configuration = look.map { ["--config-file", $0 + "/rc.xml"] } ?? []
        var environment = ["DISPLAY": display]
        environment["XDG_DATA_HOME"] = look
        let manager = try services.start("openbox", ["--sm-disable"] + configuration, environment)
        windows = try WindowManager(display: display)
        guard manager.wait(for: .seconds(20), until: { windows.isReady || manager.ending != nil }),
            manager.ending == nil
        else {
            let what = manager.ending.map { ", it \($0)" } ?? ""
            throw Unavailable(
                description: "openbox does not manage the windows of \(display)\(what): \(manager.errorText)")
        }
    }

    /// What a program needs to find this desktop, and nothing of the one the tests may run in.
    public var environment: [String: String] {
        [
            "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": bus, "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo",
            "LC_ALL": "C.UTF-8", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        ]
    }
}

/// Programs that end with this value, the last one first.
final class Services {
    let workspace: Workspace
    private var programs: [Program] = []

    init() throws {
        workspace = try Workspace()
    }

    func start(_ tool: String, _ arguments: [String], _ environment: [String: String] = [:]) throws -> Program {
        var launch = Launch("/usr/bin/env", [tool] + arguments, in: workspace)
        launch.environment.merge(environment) { $1 }
        let program = try Program(launch)
        programs.append(program)
        return program
    }

    /// The line that a program says once it is there.
    static func firstLine(of program: Program, _ tool: String) throws -> String {
        program.wait(for: .seconds(20)) { program.outputText.contains("\n") || program.ending != nil }
        guard let line = program.outputText.split(separator: "\n").first else {
            throw Desktop.Unavailable(description: "\(tool) did not start: \(program.errorText)")
        }
        return String(line)
    }

    deinit {
        for program in programs.reversed() {
            program.send(SIGTERM)
            program.waitForEnd(within: .seconds(5))
        }
    }
}
