import CRoostPlatform
import Glibc

/// The program's main body, as the shutdown sees it: one more thing that has to end.
/// Under a toolkit it has ended once the main thread has answered to the shutdown.
package final class MainBody: Sendable {
    let beganAt = MonotonicTime.now
    package let ended = OneShot<Int32>()

    package init() {}
}

extension Shutdown {
    /// Runs a whole program and ends the process: call it as the last (and only) thing in a synchronous `main`.
    ///
    /// `body` runs on the main actor, and the main thread serves the main actor and `DispatchQueue.main` until the end.
    /// Its return value is the exit status. When it returns, and on a signal, the shutdown begins: workers are stopped,
    /// finalizers run, the report is written. Then the process
    /// - exits with 70 when something was still running at the end of the budget,
    /// - else ends by the signal that asked for the end, so that shells and supervisors see the truth,
    /// - else exits with the body's status (0 to 255; any other is 255); 1, after a line on standard error, when it threw.
    ///
    /// On a signal the body goes on meanwhile: what it awaits is resolved as workers stop, so it can still say its last
    /// line; it is waited for within the budget like a worker.
    public static func run(
        _ program: String, configuration: Configuration = Configuration(),
        _ body: @escaping @MainActor @Sendable () async throws -> Int32
    ) -> Never {
        let shutdown = Shutdown.process
        // First, so that a signal that comes as soon as there is a handler waits for the body, too.
        let main = MainBody()
        shutdown.setMain(main)
        do {
            try shutdown.install(program, configuration: configuration)
        } catch {
            writeToStandardError("\(program): cannot start: \(error)\n")
            exit(71)  // EX_OSERR
        }
        let task = Task { @MainActor in
            var status: Int32
            do {
                status = try await body()
            } catch {
                writeToStandardError("\(program): \(error)\n")
                status = 1
            }
            shutdown.mainEnded(with: status)
            main.ended.resolve(status)
            // The body may have ended because a signal began the shutdown: its status then changes nothing.
            shutdown.request(.endOfMain, status: status)
        }
        let outcome = MainLoop.run(until: shutdown.outcome)
        withExtendedLifetime(task) {}
        ProcessExit.end(outcome)
    }
}

/// The main thread's loop for programs without a toolkit: it serves libdispatch's main queue, and so the main actor.
enum MainLoop {
    static func run<Value: Sendable>(until end: OneShot<Value>) -> Value {
        let queue = roost_main_queue_descriptor()
        let wake = roost_eventfd()
        end.whenResolved { _ in roost_eventfd_signal(wake) }
        while true {
            if let value = end.valueIfResolved { return value }
            var entries = [
                pollfd(fd: queue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[0].revents != 0 {
                // The callback does not consume the count; unread, the descriptor would stay readable for ever.
                var count: UInt64 = 0
                _ = read(queue, &count, 8)
                roost_main_queue_drain()
            }
        }
    }
}
