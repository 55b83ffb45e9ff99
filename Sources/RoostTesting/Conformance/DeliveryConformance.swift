import Roost

/// The checks that every delivery port passes, whatever it delivers to: a toolkit's main loop, an actor, a thread, a test.
///
/// Independent of a test framework: run it in one, and fail with what it returns.
/// ```swift
/// let failures = await DeliveryConformance("my port") { .init(port: MyPort()) }.run()
/// #expect(failures.isEmpty, "\(failures)")
/// ```
public struct DeliveryConformance: Sendable {
    /// A port under test, and how it is taken down.
    public struct Subject: Sendable {
        /// The port.
        public let port: any DeliveryPort
        /// Called once when a check is over, whether it failed or not.
        public let tearDown: @Sendable () async -> Void

        /// Creates a subject. The port must be served by somebody until it is torn down.
        public init(port: any DeliveryPort, tearDown: @escaping @Sendable () async -> Void = {}) {
            self.port = port
            self.tearDown = tearDown
        }
    }

    /// What a port did wrong.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// The name that was given to the suite.
        public let port: String
        /// The check's name, one of ``DeliveryConformance/checks``.
        public let check: String
        /// What was expected and what happened.
        public let message: String

        public var description: String { "\(port): \(check): \(message)" }
    }

    /// The names of the checks, in the order they run.
    public static var checks: [String] { all.map(\.name) }

    struct Check: Sendable {
        let name: String
        let body: @Sendable (CheckContext) async throws -> Void
    }

    static let all: [Check] = queueChecks + closeChecks + updateChecks

    private let name: String
    private let patience: Duration
    private let reports: Int
    private let makeSubject: @Sendable () async throws -> Subject

    /// Creates the suite for one kind of port.
    ///
    /// - Parameters:
    ///   - name: For the failures' texts.
    ///   - patience: How long a check may take before it counts as hung. Default 20 s.
    ///   - reports: How many updates the flood has. Default 200,000; less where everything is slow, under a sanitizer.
    ///   - makeSubject: Makes a port for one check; called once for each.
    public init(
        _ name: String, patience: Duration = .seconds(20), reports: Int = 200_000,
        makeSubject: @escaping @Sendable () async throws -> Subject
    ) {
        self.name = name
        self.patience = patience
        self.reports = max(1, reports)
        self.makeSubject = makeSubject
    }

    /// Runs every check and returns what failed; empty for a port that conforms. Never throws and never hangs: a check that
    /// does not come to its end within `patience` is a failure.
    public func run() async -> [Failure] {
        var failures: [Failure] = []
        for check in Self.all { failures += await run(check) }
        return failures
    }

    /// Runs one check by its name; a failure that says so when there is none of that name.
    public func run(check name: String) async -> [Failure] {
        guard let check = Self.all.first(where: { $0.name == name }) else {
            return [Failure(port: self.name, check: name, message: "there is no check of that name")]
        }
        return await run(check)
    }

    private func run(_ check: Check) async -> [Failure] {
        let subject: Subject
        do {
            subject = try await makeSubject()
        } catch {
            return [Failure(port: name, check: check.name, message: "no port could be made: \(error)")]
        }
        let context = CheckContext(port: subject.port, reports: reports)
        let over = OneShot<String?>()
        // Not a task group: a group would wait for a check that hangs.
        let task = Task {
            do {
                try await check.body(context)
                over.resolve(nil)
            } catch {
                over.resolve("\(error)")
            }
        }
        let timer = SystemTime.shared.schedule(after: patience) { [patience] in
            over.resolve("did not come to its end within \(patience)")
        }
        let message = await over.value
        timer.cancel()
        task.cancel()
        await subject.tearDown()
        return (context.failures + [message].compactMap { $0 }).map {
            Failure(port: name, check: check.name, message: $0)
        }
    }
}

/// What a check works with.
final class CheckContext: Sendable {
    let port: any DeliveryPort
    let reports: Int
    private let messages = Locked<[String]>([])

    init(port: any DeliveryPort, reports: Int) {
        self.port = port
        self.reports = reports
    }

    /// Each text once, at most ten: a broken port may fail a million times.
    var failures: [String] { messages.withLock { $0 } }

    func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        guard !condition else { return }
        let text = message()
        messages.withLock { if $0.count < 10, !$0.contains(text) { $0.append(text) } }
    }

    /// Returns once every job posted before has run.
    func settle() async {
        let done = OneShot<Void>()
        port.post { done.resolve(()) }
        await done.value
    }

    /// Runs `body` on the port and returns what it returns.
    func onPort<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        let result = OneShot<Value>()
        port.post { result.resolve(body()) }
        return await result.value
    }
}
