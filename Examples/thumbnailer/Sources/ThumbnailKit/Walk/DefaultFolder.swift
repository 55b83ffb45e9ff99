import CGdkPixbufSystem

/// The folder to work on when nobody names one.
public enum DefaultFolder {
    /// Folders with pictures that desktops install.
    public static let desktopFolders = [
        "/usr/share/backgrounds", "/usr/share/wallpapers", "/usr/share/pixmaps", "/usr/share/icons/hicolor",
        "/usr/share/icons/Adwaita", "/usr/share/icons",
    ].map { RawPath($0) }

    /// The user's pictures folder when it holds a picture, else the first of `desktopFolders` that does; nil when none.
    ///
    /// Looks below a folder until it finds the first picture.
    ///
    /// - Throws: What `checkpoint` throws, unchanged, and nothing else.
    public static func find(checkpoint: () throws -> Void = {}) throws -> RawPath? {
        try find(among: (userPictures.map { [$0] } ?? []) + desktopFolders, checkpoint: checkpoint)
    }

    static func find(among candidates: [RawPath], checkpoint: () throws -> Void) throws -> RawPath? {
        for folder in candidates {
            guard var walk = try? FolderWalk(folder: folder) else { continue }
            while let finding = try walk.next(checkpoint: checkpoint) {
                if case .picture = finding { return folder }
            }
        }
        return nil
    }

    /// The pictures folder of the user's `user-dirs.dirs`; nil when there is none.
    static var userPictures: RawPath? {
        // proof: both strings live as long as the process.
        guard let pictures = g_get_user_special_dir(G_USER_DIRECTORY_PICTURES) else { return nil }
        let folder = RawPath(cString: pictures).absolute()
        // Pointing a special folder at the home folder is how user-dirs.dirs says that there is none.
        return folder == RawPath(cString: g_get_home_dir()).absolute() ? nil : folder
    }
}
