/// A frame as whoever knows the symbols gives it, before it is known whose code it is.
package struct FoundFrame: Sendable {
    package var address: CrashAddress?
    /// As the linker knows it.
    package var mangled: String?
    /// As a person reads it, perhaps with the offset behind it.
    package var name: String?
    package var offset: Int?
    package var image: String?
    package var place: (file: String, line: Int, column: Int)?
    package var isInlined = false
    package var isRuntimeFailure = false
    package var isThunk = false
    /// The one who knows takes it for the compiler's: no line of the source belongs to it.
    package var isMarked = false

    package init() {}

    /// With its origin, and what putting inlined calls in order asks for.
    var named: InlinedOrder.Named {
        var frame = CrashFrame(
            address: address, symbol: (name ?? mangled).map { Self.name($0, offset: offset) }, offset: offset,
            image: image, isInlined: isInlined, isRuntimeFailure: isRuntimeFailure, isSystem: isThunk)
        var isGenerated = place != nil
        if let place, place.line > 0, !place.file.hasSuffix("<compiler-generated>") {
            (frame.file, frame.line) = (place.file, place.line)
            frame.column = place.column > 0 ? place.column : nil
            isGenerated = false
        }
        let mangled = mangled ?? ""
        if let image, FrameOrigin.isSystem(image: image) { frame.isSystem = true }
        if FrameOrigin.isSystem(symbol: mangled) || isMarked && !FrameOrigin.isOwn(symbol: mangled) {
            frame.isSystem = true
        }
        return InlinedOrder.Named(frame: frame, mangled: mangled, isGenerated: isGenerated)
    }

    /// `crash(_:) + 486` without the offset, `sleep@@GLIBC_2.17` without the version.
    private static func name(_ description: String, offset: Int?) -> String {
        var name = description[...]
        // The backtracer writes a minus before the minus.
        if let offset, offset != 0 {
            let suffix = offset > 0 ? " + \(offset)" : " - \(offset)"
            if name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
        }
        if let version = name.firstRange(of: "@@") ?? name.firstRange(of: "@GLIBC"),
            version.lowerBound > name.startIndex
        {
            name = name[..<version.lowerBound]
        }
        return String(name)
    }
}

extension CrashThread {
    /// A thread of frames that were found one by one, innermost first.
    package init(id: Int32?, name: String?, isCrashed: Bool, found: [FoundFrame], isCut: Bool) {
        self.init(
            id: id, name: name, isCrashed: isCrashed, frames: InlinedOrder.repaired(found.map(\.named)),
            omittedFrames: isCut ? 1 : 0, omittedAt: isCut ? found.count : 0)
    }
}
