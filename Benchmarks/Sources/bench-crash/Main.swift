import BenchSupport
import Glibc

/// What capture costs a program that does not crash, and how soon it knows of a crash. The programs that are measured are this one, started again.
@main struct BenchCrash {
    @MainActor static func main() {
        let arguments = CommandLine.arguments
        if arguments.count > 2, arguments[1] == "program" { return Measured.run(Array(arguments.dropFirst(2))) }
        benchmarkMain { peer, name, counts in
            guard peer == "roost" else { return nil }
            let place = try Place()
            defer { place.remove() }
            let isQuick = arguments.contains("quick")
            switch name {
            case "crash-note": return try Faults.measure(isQuick ? 5 : 20, place)
            case "crash-start": return try Starts.measure(isQuick ? 30 : 100, place)
            case "crash-running-closures", "crash-running-workers", "crash-running-closures-one",
                "crash-running-workers-one":
                let words = name.split(separator: "-")
                return try Running.measure(String(words[2]), isQuick ? 5 : 15, isOnOneCore: words.count > 3, place)
            case "crash-stages": return Stages.measure(200, place)
            case "crash-stages-by-hand": return try Stages.measureByHand(200, place)
            default: return nil
            }
        }
    }
}

/// Runs of a program that takes turns: with capture, and without.
enum Starts {
    static func measure(_ rounds: Int, _ place: Place) throws -> Values {
        var without = [Double]()
        var with = [Double]()
        var more = [Double]()
        for round in 0..<rounds + 3 {
            let first = round % 2 == 0
            var times = (0.0, 0.0)
            for isWith in [!first, first] {
                let took = try place.time(isWith ? ["install", place.store] : ["nothing", place.store])
                if isWith { times.1 = took } else { times.0 = took }
            }
            // The first ones read their files from the disk.
            guard round >= 3 else { continue }
            without.append(times.0)
            with.append(times.1)
            more.append(times.1 - times.0)
        }
        return ["without_ms": without.median, "with_ms": with.median, "added_ms": more.median]
    }
}

/// Pieces of work in programs with capture and without, in turn. On one core they take what their instructions take, and the best program
/// of each kind is compared. On more, the place that the scheduler gives a program's threads is worth more than what is looked for and
/// stays for a whole program; the best is the luckiest there, so that the median is compared.
enum Running {
    static func measure(_ kind: String, _ rounds: Int, isOnOneCore: Bool, _ place: Place) throws -> Values {
        // With the programs that are started.
        if isOnOneCore { pinThread(0) }
        var without = [Double]()
        var with = [Double]()
        for round in 0..<rounds {
            let first = round % 2 == 0
            for isWith in [!first, first] {
                _ = try place.time(["pool", place.store, kind, isWith ? "with" : "without"])
                let each = Double(place.number) / 1_000
                if isWith { with.append(each) } else { without.append(each) }
            }
        }
        let (a, b) = isOnOneCore ? (without.min()!, with.min()!) : (without.median, with.median)
        return ["without_ns": a, "with_ns": b, "ratio": b / a]
    }
}
