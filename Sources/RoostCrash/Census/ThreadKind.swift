/// Whose a thread is.
public enum ThreadKind: Sendable, Hashable, Codable {
    /// The one that the process began with.
    case main
    /// A thread of a pool of workers, with the pool's name.
    case pool(String)
    /// The own thread of a serial executor or an actor, with its name.
    case serial(String)
    /// A thread that Roost runs for itself.
    case roost
    /// A thread of libdispatch.
    case dispatch
    /// A thread of libdispatch on which a job of Swift Concurrency runs; one of them that is idle cannot be told from the others of libdispatch.
    case swiftConcurrency
    /// A thread of GLib, GTK or what belongs to them.
    case glib
    /// A thread that the program itself started.
    case program
    /// A thread that a library started: the library's file.
    case library(String)
    /// Nobody can say, for its stack is not known.
    case unknown
}

extension ThreadKind: CustomStringConvertible {
    public var description: String {
        switch self {
        case .main: "main thread"
        case .pool(let name): "pool \(name)"
        case .serial(let name): "own thread \(name)"
        case .roost: "Roost"
        case .dispatch: "Dispatch"
        case .swiftConcurrency: "Swift Concurrency"
        case .glib: "GLib"
        case .program: "program"
        case .library(let name): name
        case .unknown: "unknown"
        }
    }
}

extension ThreadKind {
    /// By what is known of a thread beside the ledger: its name, and its stack.
    init(isMain: Bool, name: String, owner: Owner?, stack: [StackPart], program: String) {
        let start = Self.start(of: stack)
        self =
            switch owner {
            case .pool(let name)?: .pool(name)
            case .serial(let name)?: .serial(name)
            case nil where isMain: .main
            case nil where name.hasPrefix("roost-"): .roost
            case nil where Self.isGLib(image: start) || Self.isGLib(name: name): .glib
            case nil where start?.hasPrefix("libdispatch") == true: Self.dispatch(stack)
            case nil where start == nil: .unknown
            case nil where start == program: .program
            case nil: .library(start ?? "")
            }
    }

    /// Who the ledger says it belongs to.
    enum Owner: Sendable, Hashable {
        case pool(String)
        case serial(String)
    }

    /// One frame of a stack as far as it matters here.
    struct StackPart: Sendable, Hashable {
        var image: String?
        var symbol: String?
    }

    /// The file with the function that the thread began in: below what the C library, and the wrapper of C++'s own, put around it.
    private static func start(of stack: [StackPart]) -> String? {
        var others = stack[...]
        while let last = others.last, let image = last.image, isWrapper(image: image) { others.removeLast() }
        return others.last?.image ?? stack.last?.image
    }

    private static func isWrapper(image: String) -> Bool {
        ["libc.so", "libc-", "libpthread", "ld-linux", "ld-musl", "libstdc++", "libc++"].contains(
            where: image.hasPrefix)
    }

    private static func dispatch(_ stack: [StackPart]) -> ThreadKind {
        let runsJob = stack.contains { part in
            part.image?.hasPrefix("libswift_Concurrency") == true || part.symbol?.hasPrefix("swift_job_run") == true
        }
        return runsJob ? .swiftConcurrency : .dispatch
    }

    private static func isGLib(image: String?) -> Bool {
        guard let image else { return false }
        return ["libglib-2", "libgio-2", "libgobject-2", "libgthread-2", "libgtk-", "libgdk-", "libdconf"]
            .contains(where: image.hasPrefix)
    }

    /// The names that GLib and GTK give to their threads, for one whose stack is not known.
    private static func isGLib(name: String) -> Bool {
        ["gmain", "gdbus", "pool-spawner", "dconf worker"].contains(name)
    }
}
