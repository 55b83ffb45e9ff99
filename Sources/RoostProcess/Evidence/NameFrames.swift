import Roost
import RoostCrashReport
import Runtime

/// Finds the names and lines of stacks. In a worker of its own: it reads whatever files a crashed process had mapped, and what it
/// reads them with was made for a process that is about to end.
struct NameFrames: IsolatedTask {
    var stacks: RawStacks

    static var isRepeatable: Bool { true }
    var inputDescription: String { "\(stacks.threads.count) stacks" }

    func run(_ worker: IsolatedWorker<WorkerProgress>) -> [CrashThread] {
        let names = FrameNames.find(stacks)
        return stacks.threads(found: { names[$0] })
    }
}

/// A place in the code, whatever process it was in.
struct CodePlace: Hashable, Sendable {
    var image: String
    var offset: UInt64
    /// The instruction before it is meant.
    var isReturnAddress: Bool

    init?(_ address: UInt64, isReturnAddress: Bool, in stacks: RawStacks) {
        guard let image = stacks.image(at: address) else { return nil }
        self.image = image.path
        offset = address - image.start
        self.isReturnAddress = isReturnAddress
    }
}

extension RawStacks {
    /// The threads with what was found at each place, several frames where functions were inlined; where nothing was found, the address and the
    /// file.
    func threads(found: (CodePlace) -> [FoundFrame]? = { _ in nil }) -> [CrashThread] {
        threads.enumerated().map { index, thread in
            let frames = thread.frames.enumerated().flatMap { level, address in
                let bare = FoundFrame(address, in: self)
                let place = CodePlace(address, isReturnAddress: level > 0, in: self)
                return (place.flatMap(found) ?? [bare]).map { frame in
                    var frame = frame
                    (frame.address, frame.image) = (bare.address, bare.image)
                    return frame
                }
            }
            return CrashThread(
                id: thread.id, name: thread.name, isCrashed: index == 0, found: frames, isCut: thread.isCut)
        }
    }
}

extension FoundFrame {
    init(_ address: UInt64, in stacks: RawStacks) {
        self.init()
        self.address = CrashAddress(rawValue: address)
        image = stacks.image(at: address)?.name
    }
}

/// Asks the symboliser of Swift's runtime. It only takes what was captured in its own process, or was stored: what it stores is "Compact Backtrace
/// Format" (docs/CompactBacktraceFormat.md of the Swift project), and with it the images in a like form.
private enum FrameNames {
    /// What was found before in this process: the same place again costs nothing.
    private static let known = Locked<[CodePlace: [FoundFrame]]>([:])
    private static let most = 20_000

    static func find(_ stacks: RawStacks) -> [CodePlace: [FoundFrame]] {
        var known = known.withLock { $0 }
        var wanted: [CodePlace: UInt64] = [:]
        for thread in stacks.threads {
            for (level, address) in thread.frames.enumerated() {
                let place = CodePlace(address, isReturnAddress: level > 0, in: stacks)
                if let place, known[place] == nil { wanted[place] = address }
            }
        }
        guard !wanted.isEmpty, let found = try? names(of: wanted, stacks) else { return known }
        known.merge(found) { $1 }
        let kept = known.count <= most ? known : found
        self.known.withLock { $0 = kept }
        return known
    }

    private struct Stored: Encodable {
        var architecture: String
        var backtrace: String
        var imageMap: String
    }

    private static func names(of wanted: [CodePlace: UInt64], _ stacks: RawStacks) throws -> [CodePlace: [FoundFrame]] {
        let places = Array(wanted)
        let stored = Stored(
            architecture: architecture, backtrace: base64(encode(places)), imageMap: base64(encode(stacks.images)))
        let bytes = try CompactEncoder.encode(stored)
        let backtrace = try bytes.withUnsafeBytes { try CompactDecoder.decode(Backtrace.self, from: $0) }
        guard let named = backtrace.symbolicated() else { throw ProcessPoolError.broken("a stack without names") }
        var found: [CodePlace: [FoundFrame]] = [:]
        for frame in named.frames {
            guard let (address, isReturnAddress) = address(frame.captured),
                let place = CodePlace(address, isReturnAddress: isReturnAddress, in: stacks)
            else { continue }
            found[place, default: []].append(self.frame(frame))
        }
        return found
    }

    private static func frame(_ frame: SymbolicatedBacktrace.Frame) -> FoundFrame {
        var found = FoundFrame()
        guard let symbol = frame.symbol, symbol.rawName != "<unknown>" else { return found }
        found.mangled = symbol.rawName
        found.name = symbol.name
        found.offset = symbol.offset
        found.place = symbol.sourceLocation.map { ($0.path, $0.line, $0.column) }
        found.isInlined = frame.inlined
        found.isRuntimeFailure = frame.isSwiftRuntimeFailure
        found.isThunk = frame.isSwiftThunk
        found.isMarked = frame.isSystem
        return found
    }

    private static func address(_ frame: Backtrace.Frame) -> (address: UInt64, isReturnAddress: Bool)? {
        switch frame {
        case .programCounter(let address): UInt64(address).map { ($0, false) }
        case .returnAddress(let address): UInt64(address).map { ($0, true) }
        default: nil
        }
    }

    private static var architecture: String {
        #if arch(x86_64)
        "x86_64"
        #elseif arch(arm64)
        "arm64"
        #else
        "unknown"
        #endif
    }

    // MARK: The stored form

    /// 64-bit words; places and return addresses, each absolute, of 8 bytes.
    private static func encode(_ places: [(key: CodePlace, value: UInt64)]) -> [UInt8] {
        var bytes: [UInt8] = [0b10]
        for (place, address) in places {
            bytes.append(place.isReturnAddress ? 0x2F : 0x1F)
            bytes += bigEndian(address)
        }
        return bytes + [0]
    }

    private static func encode(_ images: [RawStacks.Image]) -> [UInt8] {
        let platform = Array("Linux".utf8)
        var bytes: [UInt8] = [0b10, UInt8(platform.count)] + platform
        let count = min(images.count, 1 << 14 - 1)
        if count > 127 { bytes.append(UInt8(count >> 7) | 0x80) }
        bytes.append(UInt8(count & 0x7F))
        for image in images.prefix(count) {
            bytes.append(0b0011_1111)
            bytes += bigEndian(image.start) + bigEndian(image.end - image.start)
            bytes.append(0)
            // The very same file, also when another one has its name by now. In pieces of less than 64 bytes.
            let file = image.path == ExecutableIdentity.path ? "/proc/self/exe" : image.path
            var path = Array(file.utf8)[...]
            while !path.isEmpty {
                let piece = path.prefix(63)
                bytes.append(UInt8(piece.count))
                bytes += piece
                path = path.dropFirst(piece.count)
            }
            bytes.append(0)
        }
        return bytes
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                text.append(place <= group.count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
