import Roost
import RoostTerminal

@main
struct Copy {
    static func main() {
        Shutdown.run("copy", configuration: .init(budget: .seconds(5))) {
            let terminal = Terminal()
            terminal.attach(to: .process)

            let scope = WorkerScope("copy")
            let copy = scope.start("copy") { worker in
                for n in 1...20 {
                    try worker.checkpoint()
                    worker.report(n, of: 20)
                    try worker.sleep(for: .milliseconds(10))
                }
            }
            copy.onUpdate(on: terminal) { progress in terminal.show("copying", progress) }

            let ending = await copy.ending
            await terminal.finish()
            print("copy \(ending)")
            return ending.isFailure ? 1 : 0
        }
    }
}
