import Foundation
import Glibc
import Testing

/// `./demo` at the root: the program itself. Only where it was built before, since a build takes minutes.
@Suite(.enabled(if: Demo.isBuilt, "./demo was not called in this checkout yet")) struct DemoTests {
    @Test func becomesTheProgramWithinASecond() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addEndlessPicture("endless.svg")
        // A relative folder, from another current folder; the first call may still have to build.
        var launch = Launch(Demo.path, ["pictures", "--output", "out", "--budget", "1"], in: thumbnailer.workspace)
        launch.environment["HOME"] = ProcessInfo.processInfo.environment["HOME"]
        var help = launch
        help.arguments = ["--help"]
        let first = try Program(help)
        #expect(first.waitForEnd(within: .seconds(600)) == .exited(0), "\(first.everything)")
        let program = try Program(launch)
        let executable = "/proc/\(program.process)/exe"
        let isProgram = program.wait(for: .seconds(5)) {
            let name = try? FileManager.default.destinationOfSymbolicLink(atPath: executable)
            return name?.hasSuffix("/thumbnailer") ?? false
        }
        #expect(isProgram)
        #expect(ContinuousClock.now - program.startedAt < .seconds(1))
        #expect(program.wait { ProcessTable.hasRead(thumbnailer.pictures + "/endless.svg", by: program.process) })
        program.send(SIGTERM)
        #expect(program.waitForEnd(within: .seconds(5)) == .exited(70))
        #expect(program.sessionMembers.isEmpty)
    }
}

enum Demo {
    private static let root = URL(fileURLWithPath: Executables.package).deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let path = root + "/demo"
    static let isBuilt =
        FileFacts(path) != nil && FileFacts(Executables.package + "/.build/demo.stamp") != nil
}
