/// What the backtracer of the Swift 6.3 runtime writes with `format=json`.
///
/// Reading never traps and its memory is bounded, whatever the bytes are: of a stack are kept the innermost and the
/// outermost frames, of the threads the first and the one that crashed.
public struct BacktraceDocument: Sendable, Hashable {
    /// When the crash was, in seconds since 1970.
    public private(set) var capturedAt: Int64?
    /// What the backtracer calls the crash: `Bad pointer dereference`, or `Swift runtime failure: …`.
    public private(set) var summary: String?
    /// The address that could not be reached, or that of the instruction that failed.
    public private(set) var faultAddress: CrashAddress?
    /// The stack pointer of the thread that crashed.
    public private(set) var stackPointer: CrashAddress?
    /// True if the thread stopped at an instruction that is there for that purpose: a check of Swift or C failed. Nil
    /// when the file does not say.
    public private(set) var isTrapInstruction: Bool?
    /// The threads.
    public private(set) var threads: [CrashThread] = []
    /// How many threads there were besides.
    public private(set) var omittedThreads = 0
    /// Why it was not read to its end; nil when it was.
    public private(set) var damage: BacktraceFormatError?

    /// How many threads are kept.
    public static let mostThreads = 256

    private var programCounter: CrashAddress?

    /// Reads at most `limit` bytes. Throws if there is nothing to be had in them; else keeps what could be read.
    public init(json bytes: [UInt8], limit: Int = 8 << 20) throws(BacktraceFormatError) {
        guard !bytes.isEmpty else { throw BacktraceFormatError(code: .empty, offset: 0, message: "nothing") }
        var reader = JSONReader(bytes, limit: limit)
        var kind: String?
        let isWhole = reader.members { key, reader in
            switch key {
            case "kind": kind = reader.text()
            case "timestamp": capturedAt = reader.text(limit: 64).flatMap(Self.seconds)
            case "description": summary = reader.text()
            case "faultAddress": faultAddress = reader.address()
            case "threads": reader.elements { readThread(&$0) }
            case "omittedThreads": omittedThreads += max(0, min(reader.integer() ?? 0, 1 << 20))
            case "capturedMemory": readMemory(&reader)
            default: break
            }
        }
        damage = reader.damage
        if let damage, kind == nil, threads.isEmpty { throw damage }
        guard kind == "crashReport" || kind == nil && !threads.isEmpty else {
            let message = isWhole || kind != nil ? "another kind of JSON" : "no JSON object"
            throw BacktraceFormatError(code: .notABacktrace, offset: 0, message: message)
        }
    }

    /// The thread that crashed.
    public var crashedThread: CrashThread? { threads.first(where: \.isCrashed) }
}

// MARK: - Threads and frames

extension BacktraceDocument {
    private mutating func readThread(_ reader: inout JSONReader) {
        var thread = CrashThread()
        var stack = BoundedStack()
        var registers: [String: CrashAddress] = [:]
        reader.members { key, reader in
            switch key {
            case "name": thread.name = reader.text(limit: 64)
            case "crashed": thread.isCrashed = reader.flag()
            case "frames": reader.elements { Self.readFrame(&$0, into: &stack) }
            case "registers":
                reader.members { name, reader in
                    if ["rsp", "sp", "rip", "pc"].contains(name) { registers[name] = reader.address() }
                }
            default: break
            }
        }
        (thread.frames, thread.omittedFrames, thread.omittedAt) = stack.finished()
        if thread.isCrashed {
            stackPointer = registers["rsp"] ?? registers["sp"]
            programCounter = registers["rip"] ?? registers["pc"]
        }
        if threads.count < Self.mostThreads {
            threads.append(thread)
        } else {
            omittedThreads += 1
            if thread.isCrashed { threads[Self.mostThreads - 1] = thread }
        }
    }

    private static func readFrame(_ reader: inout JSONReader, into stack: inout BoundedStack) {
        var frame = FoundFrame()
        var kind: String?
        var count = 0
        reader.members { key, reader in
            switch key {
            case "kind": kind = reader.text(limit: 32)
            case "address": frame.address = reader.address()
            case "inlined": frame.isInlined = reader.flag()
            case "runtimeFailure": frame.isRuntimeFailure = reader.flag()
            case "system": frame.isMarked = reader.flag() || frame.isMarked
            case "thunk": frame.isThunk = reader.flag() || frame.isThunk
            case "symbol": frame.mangled = reader.text()
            case "description": frame.name = reader.text()
            case "offset": frame.offset = reader.integer()
            case "image": frame.image = reader.text(limit: 256)
            case "count": count = reader.integer() ?? 0
            case "sourceLocation": frame.place = readPlace(&reader)
            default: break
            }
        }
        if kind == "omittedFrames" {
            stack.omit(max(0, min(count, 1 << 40)))
            return
        }
        // Kinds without an address say that the stack goes on and could not be followed; on Linux that is every stack.
        guard frame.address != nil || frame.mangled != nil else { return }
        stack.append(frame.named)
    }

    private static func readPlace(_ reader: inout JSONReader) -> (file: String, line: Int, column: Int) {
        var place = (file: "<compiler-generated>", line: 0, column: 0)
        reader.members { key, reader in
            switch key {
            case "file": place.file = reader.text() ?? place.file
            case "line": place.line = reader.integer() ?? 0
            case "column": place.column = reader.integer() ?? 0
            default: break
            }
        }
        return place
    }

    private mutating func readMemory(_ reader: inout JSONReader) {
        let wanted = programCounter
        reader.members { key, reader in
            guard let wanted, CrashAddress(hexadecimal: key) == wanted, let bytes = reader.text(limit: 64) else {
                return
            }
            // x86-64: ud2 and int3. arm64: brk, little-endian.
            isTrapInstruction =
                bytes.hasPrefix("0f0b") || bytes.hasPrefix("cc")
                || bytes.utf8.count >= 8 && bytes.dropFirst(6).hasPrefix("d4")
        }
    }

    /// `2026-01-31T12:00:00.123456Z` in seconds since 1970.
    private static func seconds(_ timestamp: String) -> Int64? {
        let numbers = timestamp.prefix(19).split { !$0.isASCII || !$0.isNumber }.compactMap { Int64($0) }
        guard numbers.count == 6, (1970...9999).contains(numbers[0]), (1...12).contains(numbers[1]) else { return nil }
        // Days from March to March, so that the odd month comes last.
        let year = numbers[1] > 2 ? numbers[0] : numbers[0] - 1
        let month = (numbers[1] + 9) % 12
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + numbers[2] - 719_469
        return ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
    }
}

/// The innermost and the outermost frames of a stack, however many come.
private struct BoundedStack {
    private var inner: [InlinedOrder.Named] = []
    private var outer: [InlinedOrder.Named] = []
    private var oldest = 0
    private var omitted = 0
    private var gap: Int?

    private static let most = CrashThread.mostFrames - CrashThread.outermost

    mutating func append(_ frame: InlinedOrder.Named) {
        if inner.count < Self.most {
            inner.append(frame)
        } else if outer.count < CrashThread.outermost {
            outer.append(frame)
        } else {
            outer[oldest] = frame
            oldest = (oldest + 1) % CrashThread.outermost
            omitted += 1
            if gap == nil { gap = Self.most }
        }
    }

    mutating func omit(_ count: Int) {
        omitted += count
        if gap == nil { gap = inner.count + outer.count }
    }

    func finished() -> (frames: [CrashFrame], omitted: Int, at: Int) {
        let all = inner + outer[oldest...] + outer[..<oldest]
        return (InlinedOrder.repaired(all), omitted, omitted > 0 ? gap ?? 0 : 0)
    }
}
