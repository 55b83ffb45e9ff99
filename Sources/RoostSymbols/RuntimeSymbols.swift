import RoostCrashReport
import Runtime

/// The symboliser of Swift's runtime: for files that the quick reader cannot read. It reads all debug information of a file.
enum RuntimeSymbols {
    static func frames(
        at wanted: [CodePlace: UInt64], _ images: [RawStacks.Image], _ stacks: RawStacks,
        _ file: (RawStacks.Image) -> String
    ) throws -> [CodePlace: [CrashFrame]] {
        let stored = StoredBacktrace(
            addresses: wanted.map { ($1, $0.isReturnAddress) },
            images: images.map { (file($0), $0.start, $0.end) })
        guard let named = try stored.backtrace().symbolicated() else { throw NoNames() }
        var found: [CodePlace: [FoundFrame]] = [:]
        for frame in named.frames {
            guard let (address, isReturnAddress) = address(frame.captured),
                let place = CodePlace(address, isReturnAddress: isReturnAddress, in: stacks)
            else { continue }
            var name = self.frame(frame)
            name.address = CrashAddress(rawValue: address)
            name.image = stacks.image(at: address)?.name
            found[place, default: []].append(name)
        }
        return found.mapValues { frames in
            CrashThread(id: nil, name: nil, isCrashed: false, found: frames, isCut: false).frames
        }
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

    private struct NoNames: Error, CustomStringConvertible {
        var description: String { "the runtime gave none" }
    }
}
