import CProgramDoor
import Foundation
import Glibc

/// What to start and what its standard streams are.
struct Launch {
    enum Stream {
        /// The terminal, or `/dev/null` without one.
        case standard
        /// A pipe that the test reads.
        case pipe
        /// A pipe of the least size.
        case smallPipe
    }

    struct Streams {
        var terminal: Int32 = -1
        var terminalName: String?
        var output: Int32 = -1
        var errors: Int32 = -1
        /// The program's sides, to be closed after the start.
        var theirs: [Int32] = [-1, -1, -1]
    }

    var executable: String
    var arguments: [String]
    var environment: [String: String]
    var folder: String?
    var hasTerminal = false
    var columns = 80
    /// Whether a typed Ctrl-C leaves alone what the terminal was given and has not passed on.
    var keepsUnreadOutput = false
    var output = Stream.pipe
    var errors = Stream.pipe

    init(_ executable: String, _ arguments: [String] = [], in workspace: Workspace) {
        self.executable = executable
        self.arguments = arguments
        environment = workspace.environment
        folder = workspace.folder
    }

    /// The same with a terminal for all three streams.
    func inTerminal(columns: Int = 80) -> Launch {
        var launch = self
        launch.hasTerminal = true
        launch.columns = columns
        launch.output = .standard
        launch.errors = .standard
        return launch
    }

    func openStreams() throws -> Streams {
        var streams = Streams()
        if hasTerminal {
            var name = [CChar](repeating: 0, count: 64)
            streams.terminal = door_open_terminal(&name, name.count)
            guard streams.terminal >= 0 else { throw LaunchError(call: "open /dev/ptmx", errno: errno) }
            streams.terminalName = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            door_set_columns(streams.terminal, Int32(columns), 24)
            if keepsUnreadOutput { TerminalSettings.keepUnreadOutput(streams.terminal) }
            _ = fcntl(streams.terminal, F_SETFL, O_RDWR | O_NONBLOCK)
        }
        streams.output = try open(output, as: 1, &streams)
        streams.errors = try open(errors, as: 2, &streams)
        return streams
    }

    private func open(_ stream: Stream, as number: Int, _ streams: inout Streams) throws -> Int32 {
        if case .standard = stream { return -1 }
        var (reading, writing): (Int32, Int32) = (-1, -1)
        let failure = door_pipe(&reading, &writing)
        guard failure == 0 else { throw LaunchError(call: "pipe2", errno: failure) }
        if case .smallPipe = stream { door_shrink_pipe(writing) }
        streams.theirs[number] = writing
        return reading
    }

    func spawn(_ streams: Streams) throws -> pid_t {
        var process: pid_t = 0
        let failure = executable.withCString { path in
            withArray([executable] + arguments) { arguments in
                withArray(environment.map { "\($0.key)=\($0.value)" }) { environment in
                    withOptionalString(folder) { folder in
                        withOptionalString(streams.terminalName) { terminal in
                            var launch = door_launch(
                                path: path, arguments: arguments, environment: environment, folder: folder,
                                terminal: terminal, streams: (-1, streams.theirs[1], streams.theirs[2]))
                            return door_spawn(&launch, &process)
                        }
                    }
                }
            }
        }
        for descriptor in streams.theirs where descriptor >= 0 { close(descriptor) }
        guard failure == 0 else { throw LaunchError(call: "start \(executable)", errno: failure) }
        return process
    }
}

struct LaunchError: Error, CustomStringConvertible {
    let call: String
    let errno: Int32
    var description: String { "\(call): \(String(cString: strerror(errno)))" }
}

private func withOptionalString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}

/// The strings as a C array that ends with nil.
private func withArray<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}
