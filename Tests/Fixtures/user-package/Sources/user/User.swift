import Roost

@main
struct User {
    static func main() async throws {
        let scope = WorkerScope("user")
        let worker = scope.start("count to 100") { worker in
            for n in 1...100 {
                try worker.checkpoint()
                worker.report(n, of: 100)
            }
            return 100
        }
        print(try await worker.value)
        await scope.close(within: .seconds(2))
    }
}
