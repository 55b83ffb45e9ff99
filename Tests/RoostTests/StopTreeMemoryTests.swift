import Testing

@testable import Roost

@Suite struct StopTreeMemoryTests {
    @Test func aDeepTreeIsLetGoWithoutADeepStack() async throws {
        try await withDeadline {
            try await onThread {
                var source: StopSource? = StopSource()
                for _ in 0..<200_000 { source = StopSource(parent: source?.token) }
                let token = source?.token
                source = nil
                #expect(token?.isStopped == false)
            }
        }
    }

    /// Weak references to nodes, looked at once everything that could hold them is gone.
    private struct Weak {
        weak var node: StopNode?
    }

    @Test func droppedSourcesLeaveTheTree() {
        let root = StopSource()
        var nodes: [Weak] = []
        for _ in 0..<100 {
            let child = StopSource(parent: root.token)
            nodes.append(Weak(node: child.token.node))
            #expect(root.token.node.children.count == 1)
        }
        #expect(root.token.node.children.isEmpty)
        #expect(nodes.allSatisfy { $0.node == nil })
    }

    @Test func aNodeGoesEvenIfItsCallbackWasNeverRemoved() {
        let census = Census()
        var node = Weak()
        do {
            let source = StopSource()
            let member = census.makeMember()
            let token = source.token
            source.token.onStop { [token] _ in
                member.touch()
                _ = token.isStopped
            }
            node.node = source.token.node
            // The callback holds a token of its own source: only a stop or its removal would break that circle.
            #expect(census.count == 1)
            source.stop()
        }
        #expect(node.node == nil)
        #expect(census.count == 0)
    }

    @Test func aNeverStoppedNodeLetsGoOfItsCallbacks() {
        let census = Census()
        var node = Weak()
        do {
            let source = StopSource()
            let member = census.makeMember()
            source.token.onStop { _ in member.touch() }
            node.node = source.token.node
            #expect(census.count == 1)
        }
        #expect(node.node == nil)
        #expect(census.count == 0)
    }

    @Test func aFiredCallbackIsLetGo() {
        let census = Census()
        let source = StopSource()
        let registration: StopRegistration
        do {
            let member = census.makeMember()
            registration = source.token.onStop { _ in member.touch() }
        }
        #expect(census.count == 1)
        source.stop()
        #expect(census.count == 0)
        registration.remove()
    }

    @Test func aRemovedCallbackIsLetGo() {
        let census = Census()
        let source = StopSource()
        let registration: StopRegistration
        do {
            let member = census.makeMember()
            registration = source.token.onStop { _ in member.touch() }
        }
        registration.remove()
        #expect(census.count == 0)
        withExtendedLifetime(source) {}
    }

    @Test func aDeepTreeStopsAndGoes() {
        var sources = [StopSource()]
        for _ in 0..<1_000 { sources.append(StopSource(parent: sources[sources.count - 1].token)) }
        sources[0].stop(.deadline)
        #expect(sources[sources.count - 1].token.reason == .parentStopped(.deadline))
        let last = sources[sources.count - 1]
        sources = []
        #expect(last.token.isStopped)
    }
}
