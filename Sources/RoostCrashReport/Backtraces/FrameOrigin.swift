/// Whose code a frame is: the program's, or that of the Swift runtime, the standard libraries and the C library.
enum FrameOrigin {
    /// True for a library that every Swift program on Linux may have loaded.
    static func isSystem(image: String) -> Bool {
        systemImages.contains { image.hasPrefix($0) }
    }

    /// True for a function of the standard library, of a library that comes with it, or of the runtime: in a static
    /// program, or inlined, they are in the program's own image.
    static func isSystem(symbol: String) -> Bool {
        symbol.afterSwiftPrefix == nil ? systemPrefixes.contains(where: symbol.hasPrefix) : !isOwn(symbol: symbol)
    }

    /// True for a Swift function of a module that does not come with Swift. For mangled names see "Mangling" in the Swift
    /// project's docs/ABI.
    static func isOwn(symbol: String) -> Bool {
        guard let rest = symbol.afterSwiftPrefix else { return false }
        if let (module, _) = identifier(rest) {
            return !systemModules.contains(module) && !module.hasPrefix("swift_")
        }
        // A type of the standard library. An extension of it names its module next, and then closes with an E; else
        // what comes next is the name of a member.
        guard rest.hasPrefix("S"), let (module, after) = identifier(rest.dropFirst(2)) else { return false }
        return !systemModules.contains(module) && after.prefix { !$0.isNumber }.hasSuffix("E")
    }

    /// `7crasher…` as the name and what follows.
    private static func identifier(_ rest: Substring) -> (name: String, rest: Substring)? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let length = Int(digits), length > 0 else { return nil }
        let after = rest.dropFirst(digits.count)
        return (String(after.prefix(length)), after.dropFirst(length))
    }

    private static let systemImages = [
        "libswift", "lib_Foundation", "libFoundation", "libdispatch", "libBlocksRuntime", "libTesting", "libc.so",
        "libc-", "libm.so", "libpthread", "libstdc++", "libc++", "libgcc_s", "ld-linux", "ld-musl", "linux-vdso",
        "[vdso]",
    ]

    /// Of functions that are not Swift's, or not mangled.
    private static let systemPrefixes = [
        "swift_", "_swift_", "_ZN5swift", "_dispatch_", "dispatch_", "__pthread_", "__libc_", "__cxa_", "_Unwind_",
    ]

    private static let systemModules: Set<String> = [
        "_Concurrency", "_StringProcessing", "_RegexParser", "_Differentiation", "Distributed", "Dispatch",
        "Foundation", "FoundationEssentials", "Glibc", "Observation", "Runtime", "SwiftOnoneSupport",
        "Synchronization",
    ]
}

extension String {
    fileprivate var afterSwiftPrefix: Substring? {
        hasPrefix("$s") || hasPrefix("$S") ? dropFirst(2) : nil
    }
}
