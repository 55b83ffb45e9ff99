import RoostCrash
import RoostProcess

/// A program that starts in the right order: a worker process serves its tasks and gets no further, whatever the program does next;
/// everything else begins in ``run()``.
///
/// ```swift
/// @main struct Thumbnailer: RoostApplication {
///     static func run() {
///         Shutdown.run("thumbnailer") { … }          // a tool or a server
///         // GTKApplication.run("thumbnailer") { … }  // a program with windows
///     }
/// }
/// ```
public protocol RoostApplication {
    /// The program, on the main thread, in the app alone. Synchronous: after the first suspension of an `async` main nothing would run
    /// on the process's main thread any more, and a toolkit needs it.
    ///
    /// What it throws is printed by the runtime as an error at the top level, and ends the process.
    @MainActor static func run() throws
}

extension RoostApplication {
    /// The program's entry; `@main` calls it. In a process that a pool started it never returns.
    @MainActor public static func main() throws {
        WorkerEntry.serveIfWorker()
        do {
            try run()
        } catch {
            // The runtime prints it and stops the process; the report of that stop has to say it, too.
            CrashCapture.noteUncaught(error)
            throw error
        }
    }
}
