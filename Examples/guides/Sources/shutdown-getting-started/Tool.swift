import Roost

@main
struct Tool {
    static func main() {
        Shutdown.run("tool", configuration: .init(budget: .seconds(10))) {
            let scope = WorkerScope("copy")
            let copy = scope.start("copy") { worker in
                for n in 1...20 {
                    try worker.checkpoint()
                    worker.report(n, of: 20)
                    try worker.sleep(for: .milliseconds(10))
                }
            }
            _ = await copy.ending
            return 0
        }
    }
}
