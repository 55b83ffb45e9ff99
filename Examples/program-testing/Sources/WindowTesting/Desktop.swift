import Foundation
import Glibc
import ProgramTesting

/// A desktop of its own for a test: an X server without a screen, a window manager, and a message bus with the services that
/// a screen reader uses. Everything of it ends with this value.
public final class Desktop {
    public struct Unavailable: Error, CustomStringConvertible {
        public let description: String
    }

    private var services: [Process] = []
    private let display: String
    private let bus: String

    /// Size in pixels.
    public init(width: Int = 1_024, height: Int = 768) throws {
        var started: [Process] = []
        func start(_ tool: String, _ arguments: [String], _ environment: [String: String]) throws -> Pipe {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [tool] + arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let output = Pipe()
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            started.append(process)
            return output
        }
        defer { services = started }
        let screen = "\(width)x\(height)x24"
        let server = try start("Xvfb", ["-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp"], [:])
        display = ":" + (try Self.line(of: server, from: "Xvfb"))
        let daemon = try start("dbus-daemon", ["--session", "--nofork", "--print-address=1"], ["DISPLAY": display])
        bus = try Self.line(of: daemon, from: "dbus-daemon")
        _ = try start("openbox", ["--sm-disable"], ["DISPLAY": display])
        services = started
        guard WindowManager(display: display).isReady(within: .seconds(20)) else {
            throw Unavailable(description: "openbox does not manage the windows of \(display)")
        }
    }

    deinit {
        for service in services.reversed() {
            service.terminate()
            service.waitUntilExit()
        }
    }

    /// What a program needs to find this desktop, and nothing of the one the tests may run in.
    public var environment: [String: String] {
        [
            "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": bus, "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo",
            "GTK_A11Y": "atspi", "LANG": "C.UTF-8",
        ]
    }

    public var windows: WindowManager { WindowManager(display: display) }

    private static func line(of output: Pipe, from tool: String) throws -> String {
        var bytes: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            bytes.append(byte)
        }
        guard !bytes.isEmpty else { throw Unavailable(description: "\(tool) did not start") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
