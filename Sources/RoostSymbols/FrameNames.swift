import Glibc
import RoostCrashReport
import Synchronization

/// Finds functions, files and lines.
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
        var found: [CodePlace: [CrashFrame]] = [:]
        // Those that the quick reader cannot read go to that of the runtime.
        var others: [RawStacks.Image] = []
        for image in images {
            let places = wanted.filter { $0.key.image == image.path }.map { $0 }
            guard let frames = CodeFile.frames(at: places.map(\.key), path: file(of: image)) else {
                others.append(image)
                continue
            }
            for (place, frames) in zip(places, frames) { found[place.key] = frames }
        }
        if !others.isEmpty {
            do {
                let rest = wanted.filter { place, _ in others.contains { $0.path == place.image } }
                found.merge(try RuntimeSymbols.frames(at: rest, others.sorted { $0.start < $1.start }, stacks, file)) {
                    $1
                }
            } catch {
                problem = "names could not be looked up: \(error)"
            }
        }
        known.merge(found) { $1 }
        let kept = known.count <= most ? known : found
        self.known.withLock { $0 = kept }
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
