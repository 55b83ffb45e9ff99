import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// A run that is interrupted, in whatever way and at whatever instant, ends as documented and leaves nothing half-done.
///
/// `ROOST_INSTANTS` is how many instants there are of each way to be interrupted (10 unless set), shared out evenly among
/// the five phases; `ROOST_SEED` repeats a run of these tests; with `ROOST_INSTANTS_DONE` naming a file, runs that were made
/// are noted in it and not repeated by a later call with the same seed.
@Suite(.serialized) struct InterruptionTests {
    @Test(arguments: Interruption.allCases)
    func isHarmlessAtEveryInstant(_ interruption: Interruption) throws {
        let pictures = try PictureSet.shared.get()
        var histogram = PhaseHistogram(interruption, journal: Soak.journal)
        let share = max(1, Soak.instants / RunPhase.allCases.count)
        for phase in RunPhase.allCases {
            var attempt = 0
            // What was aimed at one phase and hit another counts there and is aimed again.
            while histogram.count(of: phase) < share, attempt < share * 4 {
                attempt += 1
                let plan = InterruptionPlan(
                    seed: Soak.seed, interruption, phase, attempt: attempt, isSoak: Soak.isSoak,
                    total: pictures.thumbnails.count)
                if histogram.has(plan) { continue }
                let run = try InterruptedRun(plan, pictures)
                run.run()
                try Aftermath(run: run).check()
                histogram.add(plan, run)
            }
            #expect(histogram.count(of: phase) >= share * 3 / 4, "\(phase.rawValue): too few instants were hit")
        }
        histogram.print()
    }
}

/// How much is tested, and with which seed.
enum Soak {
    private static let environment = ProcessInfo.processInfo.environment
    static let instants = environment["ROOST_INSTANTS"].flatMap { Int($0) } ?? 10
    static let isSoak = instants > 30
    static let journal = environment["ROOST_INSTANTS_DONE"]

    static let seed: UInt64 = {
        let seed = environment["ROOST_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)
        say("seed \(seed) (ROOST_SEED=\(seed) repeats these instants), \(instants) instants of each kind")
        return seed
    }()

    /// A line for whoever runs the tests.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

/// How many runs of one way were interrupted in which phase.
struct PhaseHistogram {
    private let interruption: Interruption
    private let journal: String?
    private var counts: [RunPhase: Int] = [:]
    private var done: Set<String> = []
    private var missed = 0
    private var stopTimes: [Duration] = []
    private let begun = ContinuousClock.now

    init(_ interruption: Interruption, journal: String?) {
        self.interruption = interruption
        self.journal = journal
        guard let journal, let text = try? String(contentsOfFile: journal, encoding: .utf8) else { return }
        // One line a run: the plan, a tab, the phase it hit.
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t").map(String.init)
            let name = "ROOST_SEED=\(Soak.seed), \(interruption.rawValue), "
            guard parts.count == 2, parts[0].hasPrefix(name) else { continue }
            done.insert(parts[0])
            if let phase = RunPhase(rawValue: parts[1]) { counts[phase, default: 0] += 1 }
        }
    }

    func count(of phase: RunPhase) -> Int { counts[phase, default: 0] }

    func has(_ plan: InterruptionPlan) -> Bool { done.contains(plan.description) }

    mutating func add(_ plan: InterruptionPlan, _ run: InterruptedRun) {
        if let phase = run.phase { counts[phase, default: 0] += 1 } else { missed += 1 }
        if let time = run.stopTime { stopTimes.append(time) }
        guard let journal, let file = fopen(journal, "a") else { return }
        fputs("\(plan)\t\(run.phase?.rawValue ?? "missed")\n", file)
        fclose(file)
    }

    func print() {
        if interruption == Interruption.allCases.first {
            Soak.say("histogram of instants: \(RunPhase.allCases.map(\.rawValue).joined(separator: " | "))")
        }
        let name = interruption.rawValue
        let columns = RunPhase.allCases.map { Self.padded("\(count(of: $0))", 5) }.joined()
        let times = stopTimes.sorted()
        let times95 = times.isEmpty ? .zero : times[min(times.count - 1, times.count * 95 / 100)]
        let seconds = Int((ContinuousClock.now - begun) / .seconds(1))
        Soak.say(
            "  \(name): \(columns)   \(missed) came too late; gone after \(Self.short(times95)) (p95),"
                + " \(Self.short(times.last ?? .zero)) at most; \(seconds) s")
    }

    private static func short(_ duration: Duration) -> String { "\(Int(duration / .milliseconds(1))) ms" }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
