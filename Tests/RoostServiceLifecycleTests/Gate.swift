#if ServiceLifecycle
import Foundation

/// Holds a body that never looks at its token, until the test lets it go.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { semaphore.wait() }
    func open() { semaphore.signal() }
}
#endif
