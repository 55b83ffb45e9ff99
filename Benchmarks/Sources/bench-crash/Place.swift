import BenchSupport
import Glibc

struct Wrong: Error { let what: String }

/// Where a measured program has its store (on the disk of this program), its page (in memory, a folder of its own) and a number that it shares with
/// whoever measures it.
struct Place {
    let store: String
    let session: String
    private let shared: UnsafeMutableRawPointer

    init() throws {
        var path = [CChar](repeating: 0, count: 4096)
        guard readlink("/proc/self/exe", &path, 4095) > 0 else { throw Wrong(what: "no path of its own") }
        let own = path.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        store = String(own[..<own.lastIndex(of: "/")!]) + "/crash-store-\(getpid())"
        session = "/dev/shm/roost-bench-\(getpid())"
        guard mkdir(store, 0o700) == 0, mkdir(store + "/runs", 0o700) == 0, mkdir(session, 0o700) == 0 else {
            throw Wrong(what: "cannot make \(store) and \(session)")
        }
        setenv("XDG_RUNTIME_DIR", session, 1)
        // It takes a part of a second of each crash, and comes after all that is measured.
        setenv("SWIFT_BACKTRACE", "enable=no", 1)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        shared = try Self.map(session, flags: O_RDWR | O_CREAT)
    }

    /// The number's memory.
    static func map(_ session: String, flags: Int32 = O_RDWR) throws -> UnsafeMutableRawPointer {
        let file = open(session + "/shared", flags | O_CLOEXEC, 0o600)
        defer { close(file) }
        guard file >= 0, ftruncate(file, 4096) == 0,
            let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw Wrong(what: "cannot share a number") }
        memory.storeBytes(of: 0, as: UInt64.self)
        return memory
    }

    var number: UInt64 { shared.load(as: UInt64.self) }

    func remove() { _ = system("rm -rf '\(store)' '\(session)'") }

    /// Starts this program again.
    func start(_ arguments: [String]) throws -> pid_t {
        var child = pid_t()
        let words = (["/proc/self/exe", "program"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        guard posix_spawn(&child, "/proc/self/exe", &actions, nil, words, environ) == 0 else {
            throw Wrong(what: "no program")
        }
        return child
    }

    /// Milliseconds from its start to its end.
    func time(_ arguments: [String]) throws -> Double {
        let begin = now()
        let child = try start(arguments)
        var status: Int32 = 0
        waitpid(child, &status, 0)
        let took = Double(now() - begin) / 1e6
        guard status == 0 else { throw Wrong(what: "\(arguments) ended with \(status)") }
        return took
    }
}
