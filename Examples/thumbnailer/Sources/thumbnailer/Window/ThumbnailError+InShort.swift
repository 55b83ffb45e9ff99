#if Window
import ThumbnailKit

extension ThumbnailError {
    /// What fits where a thumbnail would be.
    var inShort: String {
        switch code {
        case .crashed: "Crashes its decoder"
        case .killed: "Its decoder was ended"
        case .tooMuchTime: "Takes too long"
        case .tooMuchMemory, .outOfMemory: "Takes too much memory"
        case .tooManyPixels, .tooManyBytes: "Too large"
        case .undecodable: "Broken"
        case .unknownFormat, .notRegularFile: "Not a picture"
        case .failedBefore: "Failed before"
        case .empty: "Empty"
        case .notFound, .changed: "Changed meanwhile"
        case .diskFull, .readOnly: "Cannot be written"
        default: "Cannot be read"
        }
    }
}
#endif
