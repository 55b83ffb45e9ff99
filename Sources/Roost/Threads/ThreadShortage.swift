/// Queues whose thread could not be started: they are served as soon as there is one to be had.
enum ThreadShortage {
    /// How long until the next try.
    static let interval = Duration.milliseconds(100)
    private static let triesUntilSaid = 10

    /// Says, once for each queue, that it has waited for a second: nobody would know why its work does not begin.
    static func noteTry(_ tries: Int, of queue: String, _ failure: Int32) {
        guard tries == triesUntilSaid else { return }
        let error = SystemCallError(call: "pthread_create", errno: failure)
        writeToStandardError(
            "Roost: '\(PrintableText.short(queue, limit: 200))' has had no thread for a second, and its work waits: \(error)\n"
        )
    }
}
