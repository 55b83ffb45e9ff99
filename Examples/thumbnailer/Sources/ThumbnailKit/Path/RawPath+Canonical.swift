import CGdkPixbufSystem
import Glibc

extension RawPath {
    /// The absolute path with `.`, `..` and doubled slashes removed by text, symbolic links left as they are.
    ///
    /// This is the form file managers build a URI from (`g_file_new_for_path` does the same), so a picture reached
    /// through a linked folder gets the thumbnail a file manager looks for when it shows that folder.
    public func absolute() -> RawPath {
        withCString { path in
            // proof: g_canonicalize_filename never returns nil; the copy is made before it is freed.
            let canonical = g_canonicalize_filename(path, nil)!
            defer { g_free(canonical) }
            return RawPath(cString: canonical)
        }
    }

    /// Whether the folder that relative paths start from is still there. Without it `absolute()` starts at the root.
    public static var hasWorkingFolder: Bool {
        guard let path = getcwd(nil, 0) else { return false }
        free(path)
        return true
    }

    /// Whether the path starts from the working folder.
    public var isRelative: Bool { bytes.first != UInt8(ascii: "/") }

    /// The absolute path of the same file as seen through every symbolic link; what does not exist yet stays as text.
    ///
    /// Used to tell whether two paths lie in one folder, never to build a URI.
    func resolved() -> RawPath {
        var existing = absolute()
        var missing: [ArraySlice<UInt8>] = []
        while true {
            if let real = existing.realPath() {
                return missing.reversed().reduce(real) { $0.appending($1) }
            }
            if existing.bytes.count <= 1 { return absolute() }
            missing.append(existing.lastComponent)
            existing = existing.folder
        }
    }

    private func realPath() -> RawPath? {
        withCString { path in
            guard let real = realpath(path, nil) else { return nil }
            defer { free(real) }
            return RawPath(cString: real)
        }
    }

    /// The `file:` URI of an absolute path as `g_filename_to_uri` writes it: bytes outside the URI alphabet are
    /// percent-encoded one by one, so names of any encoding have one.
    func uri() -> String {
        absolute().withCString { path in
            // proof: the only way g_filename_to_uri fails is a path that is not absolute, and this one is.
            let uri = g_filename_to_uri(path, nil, nil)!
            defer { g_free(uri) }
            return String(cString: uri)
        }
    }
}
