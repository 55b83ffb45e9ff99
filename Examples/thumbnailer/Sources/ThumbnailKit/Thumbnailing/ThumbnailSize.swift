/// The four sizes of the freedesktop Thumbnail Managing Standard.
///
/// The raw value is the name used on a command line and, as the standard has it, the name of the folder.
public enum ThumbnailSize: String, Sendable, Hashable, CaseIterable {
    /// At most 128 × 128 pixels, folder `normal`.
    case normal = "normal"
    /// At most 256 × 256 pixels, folder `large`.
    case large = "large"
    /// At most 512 × 512 pixels, folder `x-large`.
    case xLarge = "x-large"
    /// At most 1024 × 1024 pixels, folder `xx-large`.
    case xxLarge = "xx-large"

    /// The longest side a thumbnail of this size may have, in pixels.
    public var pixels: Int {
        switch self {
        case .normal: 128
        case .large: 256
        case .xLarge: 512
        case .xxLarge: 1024
        }
    }

    /// The name of the folder below the thumbnails root.
    public var folderName: String { rawValue }
}
