@testable import ProgramTesting

/// Instants of a run that interruptions aim at, by what can be seen of the folder it writes to.
extension Program {
    /// Waits for an instant within the next 40 ms at which nothing was written for 400 µs and more; `delay`, 0 to 1, says when.
    func aimBetweenWrites(_ watch: FolderWatch, delay: Double, _ look: () -> Void) {
        let instant = ContinuousClock.now + .milliseconds(40) * delay
        while ContinuousClock.now < instant || watch.sinceEvent < .microseconds(400), isAlive { look() }
    }

    /// Waits for the next write, and then up to 300 µs; `delay`, 0 to 1, says how long.
    func aimAtWrite(_ watch: FolderWatch, delay: Double, unless isOver: () -> Bool) {
        let next = watch.events.count
        wait(watching: watch) { watch.events.count > next || ending != nil || isOver() }
        spin(until: (watch.lastEventAt ?? .now) + .microseconds(300) * delay)
    }
}

extension FolderWatch {
    /// How long ago something happened in the folder; a second when nothing did.
    var sinceEvent: Duration { lastEventAt.map { .now - $0 } ?? .seconds(1) }
}
