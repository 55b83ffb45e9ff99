/// A line that a runtime or a library prints just before it ends the process. What a program itself prints has to look
/// exactly like one, and the process to end in the way such a message announces, to be taken for it.
struct PrintedMessage {
    var reason: CrashReason
    /// How many of the lines it takes; never more than there are.
    var lines = 1
    /// The signals that follow it.
    private let signals: Set<Int32>
    /// It may also be followed by an exit with one of these.
    private let statuses: Set<Int32>

    private static let traps: Set<Int32> = [4, 5, 6]

    private init(
        _ kind: CrashReason.Kind, _ message: some StringProtocol, file: String? = nil, line: Int? = nil,
        details: [String] = [], lines: Int = 1, signals: Set<Int32> = [6], statuses: Set<Int32> = [],
        doubt: String? = nil
    ) {
        reason = CrashReason(
            kind: kind, message: String(message.prefix(1_000)), details: details, file: file, line: line,
            source: .standardError, doubt: doubt)
        self.lines = lines
        self.signals = signals
        self.statuses = statuses
    }

    func fits(signal: Int32?, end: ProcessEnd) -> Bool {
        if let signal { return signals.contains(signal) }
        if case .exited(let status) = end { return statuses.contains(status) }
        return false
    }

    /// The message that begins with this line; nil if none does.
    static func read(_ lines: [Substring], at index: Int) -> PrintedMessage? {
        let line = lines[index]
        let rest = lines[(index + 1)...]
        return swift(line) ?? swiftRuntime(line) ?? exclusivity(lines, at: index) ?? exception(line, rest)
            ?? allocator(line) ?? assertion(line) ?? glib(line) ?? rust(line, rest) ?? loader(line) ?? sanitizer(line)
    }
}

// MARK: - Swift

extension PrintedMessage {
    private static let swiftKinds = ["Fatal error", "Precondition failed", "Assertion failed"]

    /// `Module/File.swift:12: Fatal error: text`.
    private static func swift(_ line: Substring) -> PrintedMessage? {
        guard let colon = line.firstRange(of: ".swift:") else { return nil }
        let file = line[..<colon.upperBound].dropLast()
        let after = line[colon.upperBound...]
        let digits = after.prefix { $0.isASCII && $0.isNumber }
        // A folder's or a module's name with a space before it is a program's own line about such a place.
        guard let number = Int(digits), !file.contains(": "),
            !file.prefix(while: { $0 != "/" }).contains(where: \.isWhitespace)
        else { return nil }
        let text = after.dropFirst(digits.count)
        guard text.hasPrefix(": ") else { return nil }
        let message = text.dropFirst(2)
        guard swiftKinds.contains(where: { message == $0 || message.hasPrefix($0 + ": ") }) else { return nil }
        return PrintedMessage(
            .init(ofCheck: String(message)), message, file: String(file), line: number, signals: traps)
    }

    /// The same, behind something that the program had printed without ending the line.
    static func glued(_ line: Substring) -> CrashReason? {
        let starts = line.indices.filter { $0 == line.startIndex || line[line.index(before: $0)].isWhitespace }
        for start in starts.reversed() {
            // The place that Swift prints begins with the module's name.
            guard var reason = swift(line[start...])?.reason, reason.file?.contains("/") == true else { continue }
            // The name of a module has no other characters than these.
            let module = reason.file?.prefix { $0 != "/" } ?? ""
            let other = module.lastIndex { !$0.isLetter && !$0.isNumber && $0 != "_" }
            if let other { reason.file = reason.file.map { String($0[$0.index(after: other)...]) } }
            reason.doubt = "the message does not begin its line, so that its beginning may be something else's"
            return reason
        }
        return nil
    }

    /// What the runtime says without a place, and then aborts.
    private static func swiftRuntime(_ line: Substring) -> PrintedMessage? {
        if line.hasPrefix("Fatal error: ") {
            let text = line.dropFirst("Fatal error: ".count)
            let known = ["Attempted to ", "Object ", "Unsupported ", "Call of deleted ", "failed to allocate "]
            let doubt = known.contains(where: text.hasPrefix) ? nil : "the program may have printed it itself"
            return PrintedMessage(.init(ofCheck: String(line)), withoutAddresses(line), doubt: doubt)
        }
        if line.hasPrefix("Could not cast value of type '"), line.contains(" to '") {
            return PrintedMessage(.cast, withoutAddresses(line))
        }
        return nil
    }

    /// From `Simultaneous accesses to 0x…` over a stack of addresses to `Fatal access conflict detected.`
    private static func exclusivity(_ lines: [Substring], at index: Int) -> PrintedMessage? {
        guard lines[index] == "Fatal access conflict detected." else { return nil }
        guard let first = lines[..<index].lastIndex(where: { $0.hasPrefix("Simultaneous accesses to 0x") }) else {
            // Its beginning is out of sight.
            return PrintedMessage(.exclusivity, "Simultaneous accesses to one variable")
        }
        let previous = lines[first + 1]
        let details = previous.hasPrefix("Previous access (") ? [String(previous.prefix(400))] : []
        return PrintedMessage(.exclusivity, lines[first], details: details)
    }

    /// `'Swift.Int' (0x7f00)` without the address, which is another one each time.
    private static func withoutAddresses(_ line: Substring) -> String {
        var result = ""
        var rest = line
        while let start = rest.firstRange(of: " (0x"), let end = rest[start.upperBound...].firstIndex(of: ")") {
            result += rest[..<start.lowerBound]
            rest = rest[end...].dropFirst()
        }
        return result + rest
    }
}

// MARK: - C and C++

extension PrintedMessage {
    private static func exception(_ line: Substring, _ rest: ArraySlice<Substring>) -> PrintedMessage? {
        if line.hasPrefix("terminate called after throwing an instance of '") {
            let type = line.dropFirst("terminate called after throwing an instance of ".count)
            guard let what = rest.first, what.hasPrefix("  what():  ") else {
                return PrintedMessage(.uncaughtException, "uncaught C++ exception \(type)")
            }
            return PrintedMessage(
                .uncaughtException, "uncaught C++ exception \(type): \(what.dropFirst("  what():  ".count))", lines: 2)
        }
        let others = [
            "terminate called without ", "terminate called recursively", "libc++abi: ", "pure virtual method",
        ]
        return others.contains(where: line.hasPrefix) ? PrintedMessage(.uncaughtException, line) : nil
    }

    /// What the C library says when it finds its memory, or a stack, damaged.
    private static func allocator(_ line: Substring) -> PrintedMessage? {
        let beginnings = [
            "free(): ", "malloc(): ", "malloc_consolidate(): ", "realloc(): ", "calloc(): ", "munmap_chunk(): ",
            "mremap_chunk(): ", "double free or corruption", "corrupted size vs. prev_size", "corrupted double-linked",
            "*** stack smashing detected ***", "*** buffer overflow detected ***", "Fatal glibc error: ",
        ]
        guard line.count < 120, beginnings.contains(where: line.hasPrefix) else { return nil }
        return PrintedMessage(.memoryDamage, line)
    }

    /// `program: file.c:17: void f(int): Assertion `n > 3' failed.`, and GLib's.
    private static func assertion(_ line: Substring) -> PrintedMessage? {
        if line.hasSuffix("' failed."), let start = line.firstRange(of: ": Assertion `") {
            let parts = line[..<start.lowerBound].split(separator: ":", maxSplits: 3)
            guard parts.count == 4, let number = Int(parts[2]) else { return nil }
            return PrintedMessage(
                .assertion, line[start.lowerBound...].dropFirst(2), file: parts[1].trimmed, line: number)
        }
        let parts = line.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[1] == "ERROR", let number = Int(parts[3]) else { return nil }
        return PrintedMessage(.assertion, parts[4].trimmed, file: String(parts[2]), line: number)
    }

    /// `(process:7): GLib-ERROR **: 12:34:56.789: ../glib/gmem.c:136: failed to allocate 9 bytes`.
    private static func glib(_ line: Substring) -> PrintedMessage? {
        guard line.hasPrefix("("), let start = line.firstRange(of: "ERROR **: ") else { return nil }
        var message = line[start.upperBound...]
        // The time of day.
        if let end = message.firstRange(of: ": "),
            message[..<end.lowerBound].allSatisfy({ "0123456789:.".contains($0) })
        {
            message = message[end.upperBound...]
        }
        return PrintedMessage(.fatalError, message, signals: traps)
    }

    /// `thread 'main' panicked at src/main.rs:2:5:` with the text below it, or as it was before Rust 1.73,
    /// `thread 'main' panicked at 'text', src/main.rs:2:5`; and what is said when there is no memory.
    private static func rust(_ line: Substring, _ rest: ArraySlice<Substring>) -> PrintedMessage? {
        if line.hasPrefix("memory allocation of "), line.hasSuffix(" bytes failed") {
            return PrintedMessage(.fatalError, line)
        }
        guard line.hasPrefix("thread '"), let start = line.firstRange(of: "' panicked at ") else { return nil }
        let place = line[start.upperBound...]
        // The process may have ended between the two lines.
        let below = place.hasSuffix(":") ? rest.first.flatMap { $0.isEmpty ? nil : $0 } : nil
        let text = below.map { "\(place) \($0)" } ?? String(place)
        // Said of the first one, which stands above.
        if text.contains("panic in a function that cannot unwind") { return nil }
        return PrintedMessage(.fatalError, "panicked at \(text)", lines: below == nil ? 1 : 2)
    }

    private static func loader(_ line: Substring) -> PrintedMessage? {
        for text in ["error while loading shared libraries: ", "symbol lookup error: "] {
            guard let start = line.firstRange(of: ": " + text) else { continue }
            return PrintedMessage(.notLoaded, line[start.lowerBound...].dropFirst(2), signals: [], statuses: [127])
        }
        return nil
    }

    private static func sanitizer(_ line: Substring) -> PrintedMessage? {
        guard line.hasPrefix("=="), let start = line.firstRange(of: "==ERROR: "), line.contains("Sanitizer: ") else {
            return nil
        }
        return PrintedMessage(.memoryDamage, line[start.upperBound...], signals: traps, statuses: [1])
    }
}

extension Substring {
    fileprivate var trimmed: String { String(drop(while: \.isWhitespace)) }
}
