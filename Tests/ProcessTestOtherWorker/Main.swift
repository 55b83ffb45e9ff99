import Glibc
import RoostProcess

/// A worker that has none of the tests' tasks; told so by its environment, one that forgets what it is.
@main
struct ProcessTestOtherWorker {
    static func main() async {
        let forgetful = getenv("ROOST_TEST_FORGETS").map { String(cString: $0) }
        if forgetful == nil { WorkerEntry.serveIfWorker() }
        note()
        switch forgetful {
        case "display": print(openDisplay() ? "a window was opened" : "no window was opened")
        case "self-test": await selfTest()
        case "self-test, sleeps":
            // Only the first one comes here: the sacrificed one goes on with what it does otherwise.
            if CommandLine.arguments.count > 1 { await selfTest() } else { while true { pause() } }
        default: print("the other program went its own way")
        }
    }

    private static func selfTest() async {
        do { print(try await ProcessPool.selfTest(patience: .seconds(1))) } catch { print("self-test: \(error)") }
    }

    /// Writes a line into a file for each start.
    private static func note() {
        guard let path = getenv("ROOST_TEST_STARTS"), let file = fopen(path, "a") else { return }
        fputs("1\n", file)
        fclose(file)
    }

    /// Looks for a display where libwayland-client does (wl_display_connect and connect_to_socket in wayland-client.c), and where X11's
    /// library does.
    private static func openDisplay() -> Bool {
        if getenv("WAYLAND_SOCKET") != nil || getenv("DISPLAY") != nil { return true }
        let name = getenv("WAYLAND_DISPLAY").map { String(cString: $0) } ?? "wayland-0"
        let folder = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
        return access(name.hasPrefix("/") ? name : "\(folder)/\(name)", F_OK) == 0
    }
}
