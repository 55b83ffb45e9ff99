/// What a queue knows of a thread that could not be started, with no other one to serve it: it is tried again until there is one.
struct ThreadShortage {
    /// How long until the next try.
    static let interval = Duration.milliseconds(100)
    private static let patience = Duration.seconds(1)

    private var since: MonotonicTime?
    private var last = MonotonicTime(nanoseconds: .min)
    private var wasSaid = false

    /// The last try was a moment ago: whoever queues more work needs not try as well.
    var isFresh: Bool { since != nil && .now - last < Self.interval }

    /// Notes a try. True, once, when it has lasted for a second: nobody would know why the work does not begin.
    mutating func refused() -> Bool {
        let now = MonotonicTime.now
        let begin = since ?? now
        (since, last) = (begin, now)
        guard !wasSaid, now - begin >= Self.patience else { return false }
        wasSaid = true
        return true
    }

    static func say(_ queue: String, _ failure: Int32) {
        let error = SystemCallError(call: "pthread_create", errno: failure)
        writeToStandardError(
            "Roost: '\(PrintableText.short(queue, limit: 200))' has had no thread for a second, and its work waits: \(error)\n"
        )
    }
}
