import Dispatch
import Glibc
import Roost

/// A program that uses Roost in odd ways, one for each word it is called with. Tests start it, watch it and end it.
///
/// Each says `ready` on standard output once it is where the test wants it.
@main
enum OddProgram {
    static func main() {
        let word = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : ""
        guard let program = programs[word] else {
            say("one of: \(programs.keys.sorted().joined(separator: " "))")
            exit(2)
        }
        program()
    }

    private static let programs: [String: @Sendable () -> Never] = [
        "stubborn-worker": Stubborn.worker,
        "stubborn-worker-of-nobody": Stubborn.workerOfNobody,
        "stubborn-async-worker": Stubborn.asyncWorker,
        "stubborn-thread": Stubborn.thread,
        "stubborn-main": Stubborn.main,
        "two-scopes": Stubborn.twoScopes,
        "slow-worker": Stubborn.slowWorker,
        "finalizers": Finalizers.inOrder,
        "hanging-finalizer": Finalizers.hanging,
        "hanging-finalizer-without-limit": Finalizers.hangingWithoutLimit,
        "main-actor-finalizer": Finalizers.onMainActor,
        "throw": Statuses.failing,
        "status-3": Statuses.three,
        "ask-in-code": Statuses.asked,
        "unseen-failure": Statuses.unseenFailure,
        "kept-failure": Statuses.keptFailure,
        "late-finalizer": Statuses.lateFinalizer,
        "slow-main-in-terminal": Screens.slowMain,
        "busy-terminal": Screens.busy,
        "prints": Statuses.prints,
        "streams": Statuses.streams,
        "endless-budget": Statuses.endlessBudget,
        "prints-much": Statuses.printsMuch,
        "status-256": Statuses.outOfRange,
        "hanging-atexit": Statuses.hangingAtExit,
        "interrupted-main": Statuses.interruptedMain,
        "nested-finalizers": Finalizers.nested,
        "children": Inheritance.children,
        "stdio-lock": Locks.standardOutput,
        "stdio-lock-and-return": Locks.standardOutputAndReturn,
        "allocator-lock": Locks.allocator,
        "allocator-lock-while-late": Locks.allocatorWhileLate,
        "raw-terminal": Screens.raw,
        "raw-stubborn-terminal": Screens.rawStubborn,
        "full-terminal": Screens.full,
        "full-terminal-without-allocator": Screens.fullWithoutAllocator,
    ]

    /// Runs `body` as Roost's program with a budget of one second and a report in the state folder.
    static func run(
        budget: Duration = .seconds(1), _ body: @escaping @MainActor @Sendable () async throws -> Int32
    ) -> Never {
        let state = getenv("XDG_STATE_HOME").map { String(cString: $0) }
        if let state { mkdir(state + "/odd-program", 0o700) }
        let path = state.map { $0 + "/odd-program/last-shutdown.json" }
        Shutdown.run("odd-program", configuration: .init(budget: budget, reportPath: path), body)
    }

    /// A line on standard output, at once and without the buffers of stdio.
    static func say(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { bytes in _ = write(1, bytes.baseAddress, bytes.count) }
    }

    /// Goes on for this long whatever it is told.
    static func ignoreEverything(for duration: Duration) {
        let end = MonotonicTime.now + duration
        while MonotonicTime.now < end { usleep(10_000) }
    }

    /// A file in the test's home folder, for what cannot be said otherwise.
    static func home(_ name: String) -> String {
        String(cString: getenv("HOME")) + "/" + name
    }

    /// Counts how often the shutdown looks at who has not stopped.
    @MainActor static func looks() -> DispatchSemaphore {
        let looks = DispatchSemaphore(value: 0)
        Shutdown.process.onEvent { event in
            if case .waiting = event { looks.signal() }
        }
        return looks
    }

    /// Returns, whatever the token says, at the second look: the last words are prepared after the first one.
    static func wait(forLooks looks: DispatchSemaphore) {
        for _ in 1...2 { looks.wait() }
    }

    /// Returns when the program is asked to stop.
    static func untilAsked() async {
        try? await Shutdown.process.token.sleep(for: .seconds(60))
    }
}
