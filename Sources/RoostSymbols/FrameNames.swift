import Glibc
import RoostCrashReport
import Runtime
import Synchronization

/// Asks the symboliser of Swift's runtime.
///
/// Stacks of this process are named as well as those of an earlier one: what counts are the files. One that was replaced by another build
/// since has other functions at the same places, and is not asked.
package enum FrameNames {
    /// What was found before in this process: the same place again costs nothing.
    private static let known = Mutex<[CodePlace: [CrashFrame]]>([:])
    private static let most = 20_000

    package static func find(_ stacks: RawStacks) -> NamedPlaces {
        var known = known.withLock { $0 }
        var wanted: [CodePlace: UInt64] = [:]
        var images: [RawStacks.Image] = []
        for address in stacks.distinctAddresses {
            let place = CodePlace(address.value, isReturnAddress: address.isReturn, in: stacks)
            guard let place, known[place] == nil, let image = stacks.image(at: address.value) else { continue }
            wanted[place] = address.value
            if !images.contains(image) { images.append(image) }
        }
        guard !wanted.isEmpty else { return NamedPlaces(frames: known, problem: nil) }
        let refused = images.filter { image in image.build.map { $0 != BuildID(file: file(of: image)) } ?? false }
        wanted = wanted.filter { place, _ in !refused.contains { $0.path == place.image } }
        images.removeAll(where: refused.contains)
        var problem = refused.first.map {
            "no names for what is in \($0.name)\(refused.count > 1 ? " and \(refused.count - 1) more" : ""): "
                + "the file has another build now, or is gone"
        }
        guard !wanted.isEmpty else { return NamedPlaces(frames: known, problem: problem) }
        do {
            let found = try names(of: wanted, images.sorted { $0.start < $1.start }, stacks)
            known.merge(found) { $1 }
            let kept = known.count <= most ? known : found
            self.known.withLock { $0 = kept }
        } catch {
            problem = "names could not be looked up: \(error)"
        }
        return NamedPlaces(frames: known, problem: problem)
    }

    /// The very same file, also when another one has its name by now.
    private static func file(of image: RawStacks.Image) -> String {
        image.path == executable ? "/proc/self/exe" : image.path
    }

    private static let executable: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    private static func names(
        of wanted: [CodePlace: UInt64], _ images: [RawStacks.Image], _ stacks: RawStacks
    ) throws -> [CodePlace: [CrashFrame]] {
        let stored = StoredBacktrace(
            addresses: wanted.map { ($1, $0.isReturnAddress) },
            images: images.map { (file(of: $0), $0.start, $0.end) })
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

extension RawStacks {
    /// Notes the builds of the files that the stacks lead through, as they lie in this process's memory: for stacks of this process.
    package mutating func identifyImages() {
        let used = Set(
            distinctAddresses.compactMap { address in
                images.firstIndex { $0.start <= address.value && address.value < $0.end }
            })
        for index in used { images[index].build = BuildID(at: images[index].start) }
    }

    struct Address: Hashable {
        var value: UInt64
        var isReturn: Bool
    }

    /// Of many threads most wait in the same places.
    var distinctAddresses: Set<Address> {
        var stacks: Set<[UInt64]> = []
        var addresses: Set<Address> = []
        for thread in threads where stacks.insert(thread.frames).inserted {
            for (level, address) in thread.frames.enumerated() {
                addresses.insert(Address(value: address, isReturn: level > 0))
            }
        }
        return addresses
    }
}
