import Glibc

/// What one measurement found, by name of the unit.
public typealias Values = [String: Double]

/// The counts of one measurement; the C++ peers have the same in bench.hpp, the Python ones in processes.py.
public struct Counts: Sendable {
    public let empty, latency, efficiency, stops, queued, queuedWorkers, growth, flag, flood: Int
    public let trips, processTasks, items, transfers, crashes: Int
    public init(quick: Bool) {
        empty = quick ? 300_000 : 1_000_000
        latency = quick ? 5_000 : 20_000
        efficiency = quick ? 50_000 : 200_000
        stops = quick ? 11 : 31
        queued = quick ? 300_000 : 1_000_000
        queuedWorkers = quick ? 30_000 : 100_000
        growth = quick ? 1_000_000 : 10_000_000
        flag = quick ? 50_000_000 : 200_000_000
        flood = quick ? 300_000 : 1_000_000
        trips = quick ? 500 : 2_000
        processTasks = quick ? 5_000 : 20_000
        items = quick ? 200_000 : 1_000_000
        transfers = quick ? 5 : 20
        crashes = quick ? 3 : 7
    }
}

/// `EXECUTABLE PEER BENCHMARK [quick]`: one measurement, one line of JSON.
@MainActor public func benchmarkMain(_ measure: @MainActor (_ peer: String, _ name: String, Counts) throws -> Values?) {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else {
        complain("usage: \(arguments[0]) PEER BENCHMARK [quick]")
        exit(2)
    }
    // Before the peer is made: a pool that starts its threads at once is then where the measurement wants it.
    if arguments[2].hasPrefix("latency") { pinThread(arguments[2].hasPrefix("latency1") ? 0 : 1) }
    let start = Memory.resident
    do {
        guard
            var values = try measure(
                arguments[1], arguments[2], Counts(quick: arguments.dropFirst(3).contains("quick")))
        else {
            complain("\(arguments[1]) has no benchmark \(arguments[2])")
            exit(2)
        }
        values["peak_mb"] = Memory.peak / 1024
        values["start_mb"] = start / 1024
        let fields = values.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
        print("{" + fields.joined(separator: ", ") + "}")
        fflush(nil)
        exit(0)
    } catch {
        complain("\(arguments[1]) \(arguments[2]): \(error)")
        exit(1)
    }
}

nonisolated private func complain(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
