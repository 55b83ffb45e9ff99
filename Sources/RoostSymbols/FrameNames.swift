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

    /// The names for `stacks`. `moment`, in nanoseconds since 1970, is when they were written down, if that was another process: of a file whose
    /// build nobody noted, and that was changed since, nobody knows what it had at these places.
    package static func find(_ stacks: RawStacks, of moment: Int64? = nil) -> NamedPlaces {
        var known = known.withLock { $0 }
        var wanted: [CodePlace: UInt64] = [:]
        var images: [RawStacks.Image] = []
        for address in stacks.distinctAddresses {
            let place = CodePlace(address.value, isReturnAddress: address.isReturn, in: stacks)
            guard let place, let image = stacks.image(at: address.value) else { continue }
            // What is known of a build is true whatever became of its file.
            if known[place] != nil, image.build != nil || moment == nil { continue }
            wanted[place] = address.value
            if !images.contains(image) { images.append(image) }
        }
        guard !wanted.isEmpty else { return NamedPlaces(frames: known, problem: nil) }
        let replaced = images.filter { image in image.build.map { $0 != BuildID(file: file(of: image)) } ?? false }
        let changed = images.filter { image in image.build == nil && hasChanged(file(of: image), since: moment) }
        let refused = replaced + changed
        wanted = wanted.filter { place, _ in !refused.contains { $0.path == place.image } }
        known = known.filter { place, _ in place.build != nil || !changed.contains { $0.path == place.image } }
        images.removeAll(where: refused.contains)
        var problem =
            problem(with: replaced, "the file has another build now, or is gone")
            ?? problem(with: changed, "the file was changed since, or is gone")
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

    private static func problem(with images: [RawStacks.Image], _ what: String) -> String? {
        images.first.map {
            "no names for what is in \($0.name)\(images.count > 1 ? " and \(images.count - 1) more" : ""): \(what)"
        }
    }

    /// By the time that nobody can set: an installed file may bear one of its own that is years old.
    private static func hasChanged(_ path: String, since moment: Int64?) -> Bool {
        // The time may come from a damaged file.
        guard let moment, moment > 0 else { return moment != nil }
        var status = stat()
        guard stat(path, &status) == 0 else { return true }
        return Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec) >= moment - tick
    }

    /// The clock of files may be behind by so much.
    private static let tick: Int64 = 10_000_000

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

    /// Notes the build of one of the files: for stacks of a process that is gone, and has written down which build it was.
    package mutating func identify(_ path: String, as build: BuildID) {
        for index in images.indices where images[index].path == path { images[index].build = build }
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
