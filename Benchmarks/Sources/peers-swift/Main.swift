import BenchSupport

@main struct PeersSwift {
    @MainActor static func main() {
        benchmarkMain { peer, name, counts in
            switch peer {
            case "dispatch": DispatchPeer.measure(name, counts)
            case "taskgroup": TaskGroupPeer.measure(name, counts)
            case "nio": try NIOPeer.measure(name, counts)
            case "main": Floods.measure(name, counts)
            case "check": Checks.measure(name, counts)
            default: nil
            }
        }
    }
}
