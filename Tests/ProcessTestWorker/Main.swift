import RoostProcess

/// A worker for the tests, and nothing else. It mentions none of the tasks that it runs.
@main
struct ProcessTestWorker {
    static func main() {
        WorkerEntry.serveIfWorker()
        print("this program is a worker of the tests; it does nothing by itself")
    }
}
