import Glibc
import Roost
import RoostTerminal
import ThumbnailKit

@main
enum Program {
    static func main() {
        switch Arguments.parse(rawArguments) {
        case .help:
            print(Arguments.help, terminator: "")
            exit(0)
        case .wrong(let problem):
            StandardStream.error.write(line: "thumbnailer: \(problem)")
            exit(2)
        case .run(let arguments):
            // Loaders print warnings about broken pictures in the middle of the progress line.
            DecoderMessages.discard()
            let budget = arguments.budget.map { Duration.seconds($0) } ?? .seconds(10)
            Shutdown.run("thumbnailer", configuration: .init(budget: budget, reportPath: ReportFolder.path)) {
                await ThumbnailJob(arguments).run()
            }
        }
    }

    private static var rawArguments: [[UInt8]] {
        // proof: argv has argc entries, each a string that lives as long as the process.
        (1..<Int(max(1, CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { RawPath(cString: $0).bytes }
        }
    }
}
