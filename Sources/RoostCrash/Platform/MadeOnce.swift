import RoostSymbols

/// A value that the first who asks for it makes, without a lock being held; whoever asks meanwhile waits for that one.
struct MadeOnce<Value: Sendable>: Sendable {
    private enum State {
        case unmade, underway
        case made(Value)
    }

    private let state = Guarded(State.unmade)

    /// The value, if it is there already; waits for nobody.
    var known: Value? {
        state.withLock { state in if case .made(let value) = state { value } else { nil } }
    }

    /// The value. Blocks while it is made; `make` must not ask for it.
    func value(_ make: () -> Value) -> Value {
        let known: Value?? = state.wait { state in
            switch state {
            case .unmade:
                state = .underway
                return .some(.none)
            case .underway: return nil
            case .made(let value): return .some(.some(value))
            }
        }
        if let known = known ?? nil { return known }
        let made = make()
        state.change { $0 = .made(made) }
        return made
    }
}
