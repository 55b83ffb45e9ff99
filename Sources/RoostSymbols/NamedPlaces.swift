import RoostCrashReport

/// What stands at places in the code, and what could not be looked up.
package struct NamedPlaces: Sendable {
    /// Several frames where functions were inlined.
    var frames: [CodePlace: [CrashFrame]]
    /// Why some have no names, in words that stand in a report; nil when nothing was in the way.
    package private(set) var problem: String?

    /// The threads with their names; where nothing was found, the address and the file.
    package func threads(of stacks: RawStacks) -> [CrashThread] {
        // Threads that wait for work all have the same stack.
        var known: [[UInt64]: [CrashFrame]] = [:]
        return stacks.threads.enumerated().map { index, thread in
            let frames = known[thread.frames] ?? self.frames(at: thread.frames, in: stacks)
            known[thread.frames] = frames
            return CrashThread(
                id: thread.id, name: thread.name, isCrashed: index == 0, frames: frames,
                omittedFrames: thread.isCut ? 1 : 0, omittedAt: thread.isCut ? frames.count : 0)
        }
    }

    private func frames(at addresses: [UInt64], in stacks: RawStacks) -> [CrashFrame] {
        addresses.enumerated().flatMap { level, address in
            let place = CodePlace(address, isReturnAddress: level > 0, in: stacks)
            guard let place, let found = frames[place] else { return [CrashFrame(address, in: stacks)] }
            return found.map { frame in
                var frame = frame
                frame.address = CrashAddress(rawValue: address)
                return frame
            }
        }
    }
}

extension CrashFrame {
    /// Without a name.
    init(_ address: UInt64, in stacks: RawStacks) {
        var bare = FoundFrame()
        bare.address = CrashAddress(rawValue: address)
        bare.image = stacks.image(at: address)?.name
        self = CrashThread(id: nil, name: nil, isCrashed: false, found: [bare], isCut: false).frames[0]
    }
}

extension RawStacks {
    /// The threads without names: addresses and files.
    package var unnamedThreads: [CrashThread] { NamedPlaces(frames: [:], problem: nil).threads(of: self) }
}
