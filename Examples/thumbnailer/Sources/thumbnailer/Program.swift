import Glibc
import Roost
import RoostApp
import RoostCrash
import RoostTerminal
import ThumbnailKit

#if Window
import RoostGTK
#endif

@main
enum Program: RoostApplication {
    static let name = "thumbnailer"

    /// Runs of another version say nothing about this one's start.
    static var survival: Survival { Survival(capture: CrashCapture.Configuration(version: "1")) }

    /// In the app alone: its decoders are this program again, and come no further than `main`.
    static func run() {
        switch Arguments.parse(rawArguments) {
        case .help:
            print(Arguments.help, terminator: "")
            exit(0)
        case .wrong(let problem):
            StandardStream.error.write(line: "thumbnailer: \(problem)")
            exit(2)
        case .run(let arguments):
            let budget = arguments.budget.map { Duration.seconds($0) } ?? .seconds(10)
            let configuration = Shutdown.Configuration(budget: budget, reportPath: ReportFolder.path)
            #if Window
            if arguments.wantsWindow(hasDisplay: { hasDisplay }) {
                DecoderMessages.discardButToolkits()
                GTKApplication.run(windowName, configuration: configuration) { app in
                    try WindowStart.begin(app, arguments)
                }
            }
            #else
            if arguments.surface == .window {
                StandardStream.error.write(
                    line: "thumbnailer: this one was built without a window; ./demo --window builds it")
                exit(2)
            }
            #endif
            // Loaders print warnings about broken pictures in the middle of the progress line.
            DecoderMessages.discard()
            Shutdown.run(name, configuration: configuration) { await ThumbnailJob(arguments).run() }
        }
    }

    #if Window
    /// What the desktop knows its windows by.
    private static let windowName = "roost-thumbnailer"

    /// One that is named and can be reached: the name may be left over from a session that has gone.
    private static var hasDisplay: Bool {
        let variables = ["DISPLAY", "WAYLAND_DISPLAY"]
        let isNamed = variables.contains { variable in getenv(variable).map { $0[0] != 0 } ?? false }
        return isNamed && GTKApplication.hasDisplay(for: windowName)
    }
    #endif

    private static var rawArguments: [[UInt8]] {
        // proof: argv has argc entries, each a string that lives as long as the process.
        (1..<Int(max(1, CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { RawPath(cString: $0).bytes }
        }
    }
}
