import CRoostProcess

/// The first thing a program with a process pool does: a worker is the same program (or a sibling of it), and must not open
/// windows, read settings or serve requests.
public enum WorkerEntry {
    /// In a process that a pool started: serves its tasks, and never returns. In any other: returns at once.
    ///
    /// Programs made with `RoostApplication` need not call it. Others call it as the first line of their `main`, on the main
    /// thread. A program that forgets it gets an error from its pool, and no second window: displays are hidden from a worker
    /// until it came here.
    public static func serveIfWorker() {
        if roost_victim_channel() >= 0 { SelfTest.beVictim(roost_victim_channel()) }
        let role = roost_process_role()
        guard role.is_worker != 0 else { return }
        WorkerServer.serve(role)
    }

    /// True in a process that a pool started, whether it has come to ``serveIfWorker()`` or not.
    public static var isWorker: Bool { roost_process_role().is_worker != 0 }
}
