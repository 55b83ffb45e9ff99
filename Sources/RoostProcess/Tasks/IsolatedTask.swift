import Roost

/// A piece of work as a value, run in a worker process: whatever goes wrong in there, this process only sees an error.
///
/// The task goes to the worker as its Codable form, its result comes back the same way; large memory travels as ``Bytes``, in
/// place. There is no closure form: a closure holds references into this process's memory, and a process that was started anew has none of
/// it. Declare the type where both programs see it (not `private`, not inside a function): a worker finds it by its name.
///
/// If your own Codable code changes values (not only leaves properties out, or calls them otherwise), give the task a property that is neither
/// a number nor a text: to workers of the same executable (``WorkerExecutable/same``) a struct of nothing but `Int`, `Double`, `Bool`,
/// `String`, `String?` and the like goes as it lies in memory, which is quicker. Whether that is right is decided by the first task of its type
/// with less than 16 KB: it has to come out of its Codable form as it was, with a key for each property. (An optional text that is
/// nil has none.) That one is also decoded in the app.
public protocol IsolatedTask: Codable, Sendable {
    /// What it gives back; ``NoOutput`` for nothing.
    associatedtype Output: Codable & Sendable
    /// What it reports while it runs: the newest wins.
    associatedtype Update: Codable & Sendable = WorkerProgress

    /// Does the work, on the main thread of a worker process. It may block, call native code, and end badly.
    func run(_ worker: IsolatedWorker<Update>) throws -> Output

    /// For lists, reports and errors. By default the type's name.
    var name: String { get }
    /// What it works on, for the error of one that crashed; at most 200 characters of it are kept. By default the value itself as text,
    /// of what is large in it only the beginning.
    var inputDescription: String { get }
    /// Whether it may run again after a worker died of it: it changes nothing, or the same every time. By default it may not.
    static var isRepeatable: Bool { get }
}

extension IsolatedTask {
    public var name: String { TypeDoor.title(of: Self.self) }
    public var inputDescription: String { BriefText.of(self) }
    public static var isRepeatable: Bool { false }
}

/// The output of a task that gives nothing back.
public struct NoOutput: Codable, Sendable, Hashable {
    /// Creates it.
    public init() {}
}

/// What is done once in every worker process before its first task: settings that all tasks share.
///
/// A worker begins with nothing of this process's state: no globals, no changes of the environment, not the working directory,
/// no descriptors. What it needs goes in here, or into the task.
public protocol WorkerSetup: Codable, Sendable {
    /// Called on the main thread of each new worker. What it throws is reported once, and ends the pool's attempts.
    func prepare() throws
}
