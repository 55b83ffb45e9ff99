import Glibc
import RoostProcess

/// A worker that has none of the tests' tasks; told so by its environment, one that forgets what it is.
@main
struct ProcessTestOtherWorker {
    static func main() {
        if getenv("ROOST_TEST_FORGETS") == nil { WorkerEntry.serveIfWorker() }
        print("the other program went its own way")
    }
}
