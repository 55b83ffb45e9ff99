/// Puts inlined calls in order where the backtracer of Swift 6.3 gives them in reverse.
///
/// It looks up the inlined calls at an address in the order in which their code begins. Inner and outer ones then come in
/// either order: of a read of an array that an optimised build inlined twice, the frames are called reader, subscript,
/// caller, with the lines of none, caller, reader; the innermost one, the note which check failed, is lost. That shows: the
/// first frame is a function of the program that the backtracer takes for the compiler's, for no line belongs to it.
enum InlinedOrder {
    /// A frame with what only the backtracer's file says about it.
    struct Named {
        var frame: CrashFrame
        var mangled: String
        var isGenerated: Bool
    }

    static func repaired(_ frames: [Named]) -> [CrashFrame] {
        var result: [CrashFrame] = []
        result.reserveCapacity(frames.count)
        var index = 0
        while index < frames.count {
            var end = index
            while end < frames.count, frames[end].frame.isInlined,
                frames[end].frame.address == frames[index].frame.address
            {
                end += 1
            }
            let group = frames[index..<end]
            if end < frames.count, frames[end].frame.address == frames[index].frame.address, isReversed(group) {
                result.append(contentsOf: turned(group.map(\.frame), into: frames[end].frame))
                end += 1
            } else {
                end = max(end, index + 1)
                result.append(contentsOf: frames[index..<end].map(\.frame))
            }
            index = end
        }
        return result
    }

    private static func isReversed(_ group: ArraySlice<Named>) -> Bool {
        guard group.count >= 2, let first = group.first, first.isGenerated else { return false }
        return FrameOrigin.isOwn(symbol: first.mangled) && !group.contains(where: \.frame.isRuntimeFailure)
    }

    /// The functions in reverse; of the lines the first stays, being that of the address, and the others are reversed.
    private static func turned(_ inlined: [CrashFrame], into outer: CrashFrame) -> [CrashFrame] {
        let places = [inlined[0]] + (inlined.dropFirst() + [outer]).reversed()
        return zip(inlined.reversed() + [outer], places).map { function, place in
            var frame = function
            (frame.file, frame.line, frame.column) = (place.file, place.line, place.column)
            frame.isReordered = true
            return frame
        }
    }
}
