import Glibc
import ProcessTestTasks
import Roost
import RoostApp
import RoostProcess

/// An app with a process pool, for the tests that look at it from outside. Its workers are this program again.
@main
struct ProcessTestApp: RoostApplication {
    /// It is killed many times over, and its runs are none of the user's.
    static var survival: Survival { Survival(capture: nil) }

    static func run() throws {
        let argument = CommandLine.arguments.dropFirst().first ?? ""
        Shutdown.run("process-test-app", configuration: Shutdown.Configuration(budget: .seconds(3))) {
            switch argument {
            case "load": try await load()
            case "self-test": print(try await ProcessPool.selfTest())
            case "stubborn": try await stubborn()
            case "leave": try await leave()
            case "texts": try await texts()
            case "small-files": try await smallFiles()
            default: print("usage: process-test-app load | self-test | stubborn | leave | texts | small-files")
            }
            return 0
        }
    }

    /// Works until it is killed: tasks of all kinds, children of workers, crashes with backtraces.
    static func load() async throws {
        var configuration = ProcessPool.Configuration(name: "load", workers: 2...4)
        configuration.onOutput = { _ in }
        let pool = try ProcessPool(configuration)
        _ = try await pool.run(StartChild(isRunaway: false))
        _ = try await pool.run(StartChild(isRunaway: true))
        let bytes = try Bytes(count: 1 << 20) { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        print("ready")
        fflush(nil)
        var number = 0
        while true {
            number += 1
            switch number % 5 {
            case 0: _ = try? await pool.run(Crash(.badPointer))
            case 1: pool.start(StartChild(isRunaway: number % 2 == 0, milliseconds: 20))
            case 2: pool.start(Work(milliseconds: 30, isStubborn: true))
            case 3: _ = try await pool.run(Brighten(bytes)).count
            default: _ = try await pool.run(Add(number, 1))
            }
        }
    }

    /// A task that hears nothing, and the end of the program while it runs.
    static func stubborn() async throws {
        let pool = try ProcessPool()
        let task = pool.start(Work(milliseconds: 60_000, isStubborn: true))
        for await _ in task.updates { break }
        print("ready")
        fflush(nil)
        print(await task.ending)
    }

    /// How many texts come back right.
    static func texts() async throws {
        let pool = try ProcessPool()
        let tasks = (0..<2_000).map { number in
            Recite(
                String(repeating: "ü\(number) ", count: number == 150 ? 100_000 : number % 50), number,
                remark: number % 3 == 1 ? nil : "remark \(number)")
        }
        var alone = 0
        for task in tasks[..<200] where try await pool.run(task) == task.recited { alone += 1 }
        var inChunks = 0
        for await (task, result) in try pool.map(tasks) where try result.get() == task.recited { inChunks += 1 }
        await pool.close()
        print("alone: \(alone), in chunks: \(inChunks)")
    }

    /// Where no file may be large, and nobody handles the signal of it: to the kernel memory with a descriptor is a file.
    static func smallFiles() async throws {
        signal(SIGXFSZ, SIG_DFL)
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        var limit = rlimit()
        getrlimit(resource, &limit)
        limit.rlim_cur = 512
        setrlimit(resource, &limit)
        await printIntoAFullFile()
        let refused = try ProcessPool()
        do { print(try await refused.run(Add(1, 2))) } catch { print("pool: \(error)") }
        await refused.close()
        limit.rlim_cur = 16 << 20
        setrlimit(resource, &limit)
        let pool = try ProcessPool()
        print("sum: \(try await pool.run(Add(1, 2)))")
        let small = try Bytes(count: 1 << 20) { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        print("brightened: \(try await pool.run(Brighten(small)).count)")
        await makeTooMuchMemory()
        do { print(try await pool.run(Flood(mebibytes: 32)).count) } catch { print("in the worker: \(error)") }
        print("sum: \(try await pool.run(Add(3, 4)))")
        await pool.close()
    }

    /// What Roost says itself. On the main thread, as the next one: on those of libdispatch the signal is blocked.
    @MainActor private static func printIntoAFullFile() {
        let own = dup(STDERR_FILENO)
        var path = Array("/tmp/roost-small-XXXXXX\0".utf8CString)
        let file = mkstemp(&path)
        unlink(path)
        lseek(file, 512, SEEK_SET)
        dup2(file, STDERR_FILENO)
        writeToStandardError("a line\n")
        dup2(own, STDERR_FILENO)
        close(own)
        print("said: \(lseek(file, 0, SEEK_END))")
        close(file)
    }

    /// Whoever blocks the signal gets none that was not his when he does so no more.
    @MainActor private static func makeTooMuchMemory() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGXFSZ)
        for how in [SIG_UNBLOCK, SIG_BLOCK] {
            pthread_sigmask(how, &set, nil)
            do { print(try Bytes(count: 32 << 20) { _ in }.count) } catch { print("bytes: \(error)") }
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
        }
    }

    /// Tasks are on their way when main ends, and nobody closes anything.
    @MainActor static func leave() async throws {
        let pool = try ProcessPool(ProcessPool.Configuration(workers: 2...2))
        _ = try await pool.run(Add(1, 2))
        for _ in 0..<4 { pool.start(Work(milliseconds: 60_000)) }
        print("left")
        fflush(nil)
        // Held to the end, as a global would be.
        kept = pool
    }

    @MainActor static var kept: ProcessPool?
}
