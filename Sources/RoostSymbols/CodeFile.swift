import CRoostCode
import RoostCrashReport

/// What a program's or library's own file says about places in it.
enum CodeFile {
    /// For each place its frames, several where functions were inlined; nil if this reader cannot read the file.
    static func frames(at places: [CodePlace], path: String) -> [[CrashFrame]]? {
        // The call is before the place to which it returns.
        let offsets = places.map { $0.isReturnAddress && $0.offset > 0 ? $0.offset - 1 : $0.offset }
        guard let code = roost_code_find(path, offsets, UInt32(offsets.count)) else { return nil }
        defer { roost_code_free(code) }
        return places.indices.map { index in
            (0..<roost_code_count(code, UInt32(index))).map { level in
                frame(roost_code_frame_at(code, UInt32(index), level).pointee, places[index])
            }
        }
    }

    private static func frame(_ frame: roost_code_frame, _ place: CodePlace) -> CrashFrame {
        var found = FoundFrame()
        found.image = String(place.image.split(separator: "/").last ?? "")
        if let name = frame.name {
            let mangled = String(cString: name)
            found.mangled = mangled
            found.name = readable(name) ?? mangled
            found.isThunk = roost_code_is_thunk(name) != 0
            found.isRuntimeFailure = mangled.hasPrefix("Swift runtime failure: ")
        }
        if frame.has_offset != 0 { found.offset = Int(clamping: frame.offset) + (place.isReturnAddress ? 1 : 0) }
        if let file = frame.file {
            let path = String(cString: file)
            found.place = (path, Int(frame.line), Int(frame.column))
            found.isMarked = path.hasSuffix("<compiler-generated>")
        }
        found.isInlined = frame.is_inlined != 0
        // One by one: what puts the runtime's inlined calls in order must not turn these.
        return CrashThread(id: nil, name: nil, isCrashed: false, found: [found], isCut: false).frames[0]
    }

    private static func readable(_ name: UnsafePointer<CChar>) -> String? {
        var text = [CChar](repeating: 0, count: 4096)
        let count = roost_code_readable(name, &text, text.count)
        guard count > 0 else { return nil }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
