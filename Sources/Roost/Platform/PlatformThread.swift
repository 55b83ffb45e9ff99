import CRoostPlatform
import Glibc

/// Starts threads that Roost owns: named, with their own alternate signal stack.
package enum PlatformThread {
    package struct Options: Sendable {
        var stackSize: Int?
        var nice: Int32 = 0
        /// For a thread that runs nobody's code and starts no process: the program's signals are for its other threads. A program that waits for
        /// signals (`sigwait`) blocks them everywhere else, and cannot do that on a thread of Roost.
        var blocksSignals = false

        package init(stackSize: Int? = nil, nice: Int32 = 0, blocksSignals: Bool = false) {
            self.stackSize = stackSize
            self.nice = nice
            self.blocksSignals = blocksSignals
        }
    }

    /// Starts a detached thread that runs `body`; returns the errno of a failed start, else nil.
    /// `body` ends before the thread's bookkeeping does, so whoever waits for the thread waits for `body`.
    package static func start(
        name: String, options: Options = Options(), _ body: @escaping @Sendable () -> Void
    ) -> Int32? {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return ENOMEM }
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let size = options.stackSize {
            let page = Int(sysconf(Int32(_SC_PAGESIZE)))
            // From what a thread needs at the least to what no thread can use.
            let rounded = (min(max(size, 128 * 1024), 1 << 30) + page - 1) / page * page
            let refused = pthread_attr_setstacksize(&attributes, rounded)
            if refused != 0 { return refused }
        }
        roost_thread_remember_main_mask()
        // proof: the new thread takes it, or it is released below.
        let start = Unmanaged.passRetained(ThreadStart(name: name, options: options, body: body))
        var thread = pthread_t()
        // It inherits the mask: there is no moment in which a signal could find it.
        var before = sigset_t()
        pthread_sigmask(SIG_SETMASK, nil, &before)
        if options.blocksSignals { roost_thread_block_signals() }
        let failure = pthread_create(&thread, &attributes, threadEntry, start.toOpaque())
        if options.blocksSignals { pthread_sigmask(SIG_SETMASK, &before, nil) }
        guard failure == 0 else {
            start.release()
            return failure
        }
        return nil
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let options: PlatformThread.Options
    let body: @Sendable () -> Void

    init(name: String, options: PlatformThread.Options, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.options = options
        self.body = body
    }
}

private func threadEntry(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // The box is consumed before the end so that what `body` captured dies on this thread, not after it.
    do {
        // proof: the box that `start` retained for this thread, taken once.
        let start = Unmanaged<ThreadStart>.fromOpaque(argument!).takeRetainedValue()
        if !start.options.blocksSignals { roost_thread_use_main_mask() }
        roost_thread_set_name(start.name)
        if start.options.nice != 0 { _ = roost_thread_set_nice(start.options.nice) }
        let stack = roost_altstack_install()
        start.body()
        roost_altstack_remove(stack)
    }
    return nil
}
