import Glibc
import Roost
import RoostGTK

/// A program that starts in stages.
@MainActor
enum Starts {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// `start wait FILE`: the first stage waits until there is such a file, the second is optional and fails. `start fail N`: a
    /// required stage fails so many times; with `badly` behind it, it cannot be undone either. `start crashes`: after three crashed
    /// starts. `start skip FILE`: as `wait`, but a first stage has crashed twice.
    nonisolated static func run(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window", configuration: .init(budget: .seconds(3))) { app in
            let file = arguments.count > 1 ? arguments[1] : ""
            let kind = arguments.first ?? ""
            let launch = Launch(
                "Odd Window",
                stages: [
                    .optional("last cache", within: .seconds(60)) { _ in },
                    .required("cache folder", within: .seconds(60)) { stage in
                        say("cache folder begun")
                        while kind == "wait" || kind == "skip", access(file, F_OK) != 0 {
                            stage.report(1, of: 2)
                            try stage.sleep(for: .milliseconds(10))
                        }
                    } undo: {
                        say("cache folder undone")
                    },
                    .optional("decoder check", within: .seconds(60)) { _ in
                        if kind == "wait" { throw Failure(description: "no decoder") }
                    },
                    failing(kind == "fail" ? Int(file) ?? 0 : 0, isBad: arguments.last == "badly"),
                    .onMain("main window") { mode in
                        let window = Window(app, "Main")
                        window.show(Label(app, "It runs in \(mode) mode."))
                        window.onClosed { say("main closed") }
                        window.present()
                    },
                ])
            let history = LaunchHistory(
                crashedStarts: kind == "crashes" ? 3 : 0, stageCrashes: kind == "skip" ? ["last cache": 2] : [:])
            app.start(launch, history: history) { report in say("\(report)") }
        }
    }

    private static func failing(_ times: Int, isBad: Bool) -> LaunchStage {
        var left = times
        return .onMain("process pool") {
            left -= 1
            if left >= 0 { throw Failure(description: "there is no process to be had: try number \(times - left)") }
        } undo: {
            if isBad { throw Failure(description: "a process does not go") }
            say("process pool undone")
        }
    }
}
