import CGdkPixbufSystem

/// The folder of thumbnails that the freedesktop Thumbnail Managing Standard describes, shared with file managers.
///
/// A thumbnail lies at `<root>/<size>/<MD5 of the picture's URI>.png`; a picture that cannot be decoded leaves an entry
/// at `<root>/fail/<application>-<version>/<MD5>.png`. A value of this type holds no state and no descriptor: any number
/// of threads may use it, and so may other programs use the folder at the same time.
///
/// https://specifications.freedesktop.org/thumbnail-spec/latest/
public struct ThumbnailCache: Sendable {
    /// The thumbnails folder, absolute.
    public let root: RawPath
    /// The name of the folder of fail entries below `fail`: each program version keeps its own, since another one may
    /// well decode what this one could not.
    public let failFolderName: String
    /// What goes into the `Software` text of every file written.
    public let software: String
    /// Both thumbnails folders, this one and the user's own, seen through symbolic links.
    let realRoots: [RawPath]
    var writer = AtomicWriter()

    /// Uses the folder `root`, which need not exist, or the user's own thumbnails folder.
    ///
    /// - Parameters:
    ///   - root: Replaces the standard's `thumbnails` folder, with the same layout within.
    ///   - application: The program's name, for fail entries; without a slash.
    ///   - version: The program's version, for fail entries; without a slash.
    public init(root: RawPath? = nil, application: String = "roost-thumbnailer", version: String = "1") {
        let standard = ThumbnailCache.standardRoot
        self.root = (root ?? standard).absolute()
        failFolderName = "\(application)-\(version)"
        software = "\(application) \(version)"
        realRoots = Array(Set([self.root.resolved(), standard.resolved()]))
    }

    /// `$XDG_CACHE_HOME/thumbnails`, else `~/.cache/thumbnails`.
    public static var standardRoot: RawPath {
        // proof: g_get_user_cache_dir returns a string that lives as long as the process.
        RawPath(cString: g_get_user_cache_dir()).appending("thumbnails")
    }

    /// The URI under which every program looks for the thumbnail of the picture at `path`.
    ///
    /// The path is made absolute by text; symbolic links stay, as in file managers.
    public static func uri(of path: RawPath) -> String {
        path.uri()
    }

    /// The file name that belongs to a URI: its MD5 in hexadecimal, and `.png`.
    public static func fileName(forURI uri: String) -> String {
        // proof: MD5 is always there, so the result is not nil; it is copied before it is freed.
        let digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, uri, -1)!
        defer { g_free(digest) }
        return String(cString: digest) + ".png"
    }

    /// Where the thumbnail of `uri` lies, whether or not it exists.
    public func thumbnailPath(forURI uri: String, size: ThumbnailSize) -> RawPath {
        folder(for: size).appending(ThumbnailCache.fileName(forURI: uri))
    }

    /// Where the fail entry of `uri` lies, whether or not it exists.
    public func failPath(forURI uri: String) -> RawPath {
        failFolder.appending(ThumbnailCache.fileName(forURI: uri))
    }

    /// Whether the picture at `path` lies in this thumbnails folder or in the user's own. The standard forbids
    /// thumbnails of thumbnails.
    public func contains(_ path: RawPath) -> Bool {
        let real = path.resolved()
        return realRoots.contains { real.isInside($0) }
    }

    func folder(for size: ThumbnailSize) -> RawPath {
        root.appending(size.folderName)
    }

    var failFolder: RawPath {
        root.appending("fail").appending(failFolderName)
    }
}
