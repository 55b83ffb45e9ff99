import Roost
import RoostApp
import RoostCrash
import RoostTerminal

@main struct Player: RoostApplication {
    static let name = "player"
    static var survival: Survival { Survival(capture: .init(version: "2.1")) }

    static func recover(from lastRun: LastRun) { print(lastRun.summary) }

    static func run() {
        Shutdown.run(name) {
            let launch = Launch(
                name,
                stages: [
                    .required("library", within: .seconds(10)) { _ in try Library.open() },
                    .optional("plug-ins", within: .seconds(5)) { _ in try PlugIns.load() },
                ])
            let report = await launch.run(TerminalLaunchPresenter(name, on: Terminal()))
            guard report.outcome.isLaunched else { return report.outcome.exitStatus }
            return try await play()
        }
    }
}

enum Library {
    static func open() throws {}
}

enum PlugIns {
    static func load() throws {}
}

@MainActor func play() async throws -> Int32 {
    print(CrashCapture.installed?.problems ?? [])
    return 0
}

/// A program with a parent of its own.
struct SupervisedPlayer: RoostApplication {
    static let name = "player"
    static var survival: Survival { Survival(supervision: .ask()) }

    static func run() { print(CrashSupervisor.start ?? .first) }
}

/// A program of another shape.
func installed() {
    let capture = CrashCapture.install("player", configuration: .init(version: "2.1"))
    if let lastRun = capture.lastRun, !lastRun.ending.isOrderly, !lastRun.wasTold { print(lastRun.summary) }
}
