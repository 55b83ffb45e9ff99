import Roost

/// What a terminal says while the program ends.
enum ShutdownManners {
    /// `Stopping: waiting for 'decode', 'write' and 3 more, 7 s at most. Ctrl-C again ends at once.`
    static func waiting(for names: [String], timeLeft: Duration) -> String {
        let named = names.prefix(2)
        let rest = names.count - named.count
        let who =
            switch (named.count, rest) {
            case (1, _): named[0]
            case (_, 0): named.joined(separator: " and ")
            default: named.joined(separator: ", ") + " and \(rest) more"
            }
        return "Stopping: waiting for \(who), \(timeLeft.short) at most. Ctrl-C again ends at once."
    }
}
