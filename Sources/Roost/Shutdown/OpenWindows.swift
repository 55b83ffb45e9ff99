extension Shutdown {
    /// Tells which top-level windows there are, by their titles: at the end of the process, those that are still open are in the report. Called
    /// on the main actor, and not waited for longer than a quarter of what is left of the budget, 200 ms at most.
    public func addOpenWindowsSource(_ titles: @escaping @MainActor @Sendable () -> [String]) {
        addWindows(titles)
    }

    /// Nil when nobody knows: there is no source, or the main thread does not answer.
    func openWindows(within limit: Duration) -> [String]? {
        let sources = windowSources
        guard !sources.isEmpty else { return nil }
        let found = Locked<[String]?>(nil)
        let parker = Parker()
        TaskPort.main.post {
            // proof: the port runs its jobs on the main actor.
            let titles = MainActor.assumeIsolated { sources.flatMap { $0() } }
            found.withLock { $0 = titles }
            parker.unpark()
        }
        parker.park(until: .now + limit)
        return found.withLock { $0 }
    }
}
