import Roost
import RoostCrash
import RoostCrashReport

/// Has the late of a shutdown say where they are, by a census of their threads.
///
/// ```swift
/// Shutdown.process.stackSource = CensusStackSource()
/// ```
public struct CensusStackSource: StackSource {
    /// Creates one; it keeps nothing.
    public init() {}

    /// Looks at the threads without interrupting anything, so that the symbols that their stacks lead through have been read.
    public func prepare(_ threads: Set<Int32>) {
        _ = ThreadCensus.take(.init(wait: .milliseconds(50), interrupting: .onlyRestartable, threads: threads))
    }

    public func stacks(of threads: Set<Int32>, within limit: Duration) -> [ThreadStack] {
        Self.records(threads, within: limit).map(Self.stack)
    }

    /// Exact where the thread waits for the end of another one, or for a lock whose holder is known. Else whatever is neither Roost's nor
    /// libdispatch's may be it.
    public func hold(of thread: Int32, within limit: Duration) -> ThreadHold {
        // What the kernel says, which costs next to nothing: whom to ask for a stack.
        let all = ThreadCensus.take(.init(interrupting: .never, names: false))
        let wait = all.thread(thread)?.wait
        let keeper = wait?.joined ?? wait?.lock?.holder
        let wanted = keeper.map { [$0] } ?? all.threads.map(\.id)
        let records = Self.records(Set(wanted + [thread]), within: limit)
        let stacks = records.filter { $0.id != thread && ($0.id == keeper || Self.mayKeepOthers($0)) }.map(Self.stack)
        let held = records.first { $0.id == thread }.map(Self.stack)
        return ThreadHold(
            held: held ?? ThreadStack(thread: thread, name: "a thread", lines: [], problem: "it is not there any more"),
            keepers: stacks, isCertain: keeper != nil && !stacks.isEmpty)
    }

    private static func records(_ threads: Set<Int32>, within limit: Duration) -> [ThreadRecord] {
        // The other half is for names.
        ThreadCensus.take(.init(wait: limit / 2, interrupting: .all, threads: threads)).threads
    }

    private static func mayKeepOthers(_ record: ThreadRecord) -> Bool {
        switch record.kind {
        case .main, .roost, .dispatch, .swiftConcurrency: false
        case .pool, .serial: record.work != nil
        case .glib, .program, .library, .unknown: true
        }
    }

    private static func stack(_ record: ThreadRecord) -> ThreadStack {
        ThreadStack(
            thread: record.id, name: record.title, lines: lines(record.stack?.frames ?? []),
            waitsIn: record.wait.map { wait in
                let what = wait.lock.map { ": \($0)" } ?? wait.joined.map { ": the end of thread \($0)" }
                return "\(wait)\(what ?? "")"
            },
            problem: record.stackProblem)
    }

    /// The innermost frames, where it is, and the outermost, where it began.
    private static let innermost = 36
    private static let outermost = 12

    private static func lines(_ frames: [CrashFrame]) -> [String] {
        let lines = frames.map { frame in
            // With a file and a line, it is not said whose code it is.
            frame.place == nil ? "\(frame)" : "\(frame)\(frame.image.map { " in \($0)" } ?? "")"
        }
        let most = innermost + outermost
        guard lines.count > most + 1 else { return lines }
        return lines.prefix(innermost) + ["… \(lines.count - most) frames left out"] + lines.suffix(outermost)
    }
}
