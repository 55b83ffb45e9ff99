/// How a program starts.
public enum LaunchMode: String, Sendable, Hashable {
    /// With all its stages.
    case normal
    /// With the required ones and those that are marked for it alone, each of which is told so.
    case safe
}
