extension CrashReason {
    /// What a signal stands for when nothing else says more.
    static func trap(_ signal: CrashSignal, thread: CrashThread?, isTrapInstruction: Bool?) -> CrashReason {
        func reason(_ kind: Kind, _ message: String, doubt: String? = nil) -> CrashReason {
            CrashReason(kind: kind, message: message, source: .signal, doubt: doubt)
        }
        if signal.wasSent, [4, 5, 7, 8, 11].contains(signal.number) {
            return reason(
                .signal, "sent by the process itself or by another one, not by the processor",
                doubt: "a signal that was sent does not say why")
        }
        switch signal.number {
        case 5 where isTrapInstruction == false:
            return reason(.signal, "a breakpoint was reached, and no debugger was there")
        case 4, 5: return failedCheck(thread: thread, isTrapInstruction: isTrapInstruction)
        case 6: return abort(thread: thread)
        case 7, 11: return badPointer(signal, thread: thread)
        case 8:
            return signal.code == 1
                ? reason(.divisionByZero, "integer division by zero, or a quotient too large")
                : reason(.signal, "an arithmetic failure", doubt: "which one is not known")
        case 9:
            return reason(
                .killed, "killed by the kernel or by somebody",
                doubt: "want of memory, a limit or a person: that leaves no trace in the process")
        case 24: return reason(.limit, "used more processor time than its limit")
        case 25: return reason(.limit, "wrote a file larger than its limit")
        case 31: return reason(.signal, "made a system call that it may not make")
        case 1, 2, 3, 15: return reason(.signal, "asked to end, and not prepared for it")
        default: return reason(.signal, "ended by a signal that no failing code raises by itself")
        }
    }

    /// It left without having been asked to: for a process that works for another one that is a crash, too.
    static func unasked(_ end: ProcessEnd) -> CrashReason {
        CrashReason(kind: .exited, message: "\(end) without having been asked to", source: .exitStatus)
    }

    private static func failedCheck(thread: CrashThread?, isTrapInstruction: Bool?) -> CrashReason {
        if isTrapInstruction == false {
            return CrashReason(
                kind: .illegalInstruction, message: "the processor does not know the instruction", source: .signal)
        }
        if let name = thread?.frames.first?.symbol, name.hasPrefix("_dispatch_assert_queue_fail") {
            return CrashReason(
                kind: .isolation, message: "code ran on another queue or actor than the one it belongs to",
                source: .backtrace)
        }
        if let frames = thread?.frames, frames.contains(where: { $0.symbol?.hasPrefix("swift_errorInMain") == true }) {
            return CrashReason(
                kind: .uncaughtError, message: "an error that nobody caught was thrown out of the program",
                source: .backtrace)
        }
        if let frames = thread?.frames, frames.prefix(4).contains(where: isPrinter) {
            return CrashReason(
                kind: .failedCheck, message: "a check of Swift failed, or the program stopped itself", source: .signal,
                doubt: "its text was printed, but is not in what is left of standard error")
        }
        // A function of the standard library that was inlined, or called, is where a check of its own failed.
        let checker = thread?.frames.first.flatMap { $0.isSystem && !$0.isOwnCode ? $0.symbol : nil }
        return CrashReason(
            kind: .failedCheck,
            message: checker.map { "a check failed in \($0)" }
                ?? "a check of Swift failed, or the program stopped itself",
            source: .signal, doubt: "an optimised build prints no text for it, and no debug information names the check"
        )
    }

    /// Who called it: those of the runtimes say why they do, but the words go to standard error alone.
    private static func abort(thread: CrashThread?) -> CrashReason {
        let frames = thread?.frames ?? []
        let beforeOwn = frames.prefix { !$0.isOwnCode }
        func isIn(_ names: String...) -> Bool {
            beforeOwn.contains { frame in names.contains { frame.symbol?.contains($0) == true } }
        }
        func reason(_ kind: Kind, _ message: String) -> CrashReason {
            CrashReason(kind: kind, message: message, source: .backtrace)
        }
        if isIn("swift_dynamicCastFailure") {
            return reason(.cast, "a value was cast to a type that it does not have")
        }
        if isIn("swift_beginAccess", "AccessSet::insert") {
            return reason(.exclusivity, "two accesses to one variable at a time, at least one of which changes it")
        }
        if isIn("std::terminate", "__cxa_throw", "__gnu_cxx::__verbose_terminate_handler")
            // The library's own names are often not to be had.
            || beforeOwn.drop(while: { !($0.symbol ?? "").hasPrefix("abort") }).dropFirst()
                .contains(where: { $0.image?.hasPrefix("libstdc++.so") == true })
        {
            let isThrown = isIn("__cxa_throw", "__cxa_rethrow", "_Unwind_RaiseException")
            return CrashReason(
                kind: .uncaughtException, message: "a C++ exception that nobody caught", source: .backtrace,
                doubt: isThrown
                    ? nil : "C++ ends a program like that for a thread that nobody joined or a missing function as well"
            )
        }
        if isIn("__libc_message", "malloc_printerr", "__fortify_fail", "__stack_chk_fail") {
            return reason(.memoryDamage, "the C library found the memory damaged")
        }
        if isIn("__assert_fail") { return reason(.assertion, "an assertion of C or C++ failed") }
        return CrashReason(
            kind: .abort, message: "abort was called", source: .signal, doubt: "it printed nothing that says why")
    }

    private static func badPointer(_ signal: CrashSignal, thread: CrashThread?) -> CrashReason {
        guard let address = signal.faultAddress else {
            return CrashReason(
                kind: .badPointer, message: "a bad pointer, or no room left on a stack", source: .signal,
                doubt: "no handler ran that could note the address; none can if the thread had no other stack for it")
        }
        // x86-64 names no address (0, from the kernel) if it is none that a pointer can have.
        if signal.code == 128 {
            return CrashReason(
                kind: .badPointer, message: "a bad pointer that is no address at all", source: .signal)
        }
        if let stackPointer = signal.stackPointer, isNearStack(address, stackPointer) {
            let isSure = thread?.isDeeplyRecursive ?? false
            return CrashReason(
                kind: .stackOverflow, message: "stack overflow: no room left for another call", source: .signal,
                doubt: isSure ? nil : "the address is near the stack pointer, but no recursion shows in the backtrace")
        }
        let near = address.rawValue < 4_096 ? ", near null" : ""
        return CrashReason(kind: .badPointer, message: "bad pointer \(address)\(near)", source: .signal)
    }

    /// Below the stack pointer is the red zone and what a call pushes; above it the frame that was just made, of which
    /// the far end is touched first.
    private static func isNearStack(_ address: CrashAddress, _ stackPointer: CrashAddress) -> Bool {
        address.distance(to: stackPointer) <= (address < stackPointer ? 64 << 10 : 1 << 20)
    }
}
