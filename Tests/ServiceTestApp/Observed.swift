#if ServiceLifecycle && Logging && Metrics
import CoreMetrics
import Glibc
import Logging
import Roost
import RoostLogging
import RoostMetrics

/// A program that says how it goes in lines and numbers, `service-test-app observed REPORT`: lines to `REPORT.log`, numbers to
/// `REPORT.numbers`. Both are slow with the last one, as on a disk that has something else to do.
enum Observed {
    private struct Broken: Error {}

    static func run(_ report: String) -> Never {
        let log = WorkerLog(Logger(label: "app") { _ in LineHandler(file: LineFile(report + ".log")) })
        log.attach(to: .process)
        log.takeUnobservedFailures()
        // Nothing is handed over by time: what is there at the end is there because the end waited for it.
        let metrics = WorkerMetrics(factory: NumberFile(report + ".numbers"), every: .seconds(3_600))
        metrics.attach(to: .process)
        Shutdown.run("observed", configuration: .init(budget: .seconds(20), reportPath: report)) {
            let scope = WorkerScope("work")
            // Nobody looks at it.
            await begin("broken", in: scope) { _ in throw Broken() }
            let worker = scope.start("until stopped") { worker in
                say("ready")
                while true { try worker.sleep(for: .seconds(3_600)) }
            }
            _ = await worker.ending
            return 0
        }
    }
}

/// A line each, in the file when this returns.
private final class LineFile: Sendable {
    private let descriptor: Int32

    init(_ path: String) { descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600) }

    func write(_ line: String) {
        let line = line + "\n"
        _ = line.withCString { Glibc.write(descriptor, $0, line.utf8.count) }
    }

    /// Several times what a process takes to end that waits for nothing.
    func takeTime() { usleep(20_000) }
}

private struct LineHandler: LogHandler {
    let file: LineFile
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.trace

    init(file: LineFile) { self.file = file }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if "\(event.message)" == "shutdown ended" { file.takeTime() }
        file.write("\(event.level) \(event.message) \(event.metadata?["worker"].map { "\($0)" } ?? "")")
    }
}

private final class NumberFile: MetricsFactory {
    private let file: LineFile

    init(_ path: String) { file = LineFile(path) }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        NumberHandler(file, label, dimensions)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NumberHandler(file, label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NumberHandler(file, label, dimensions)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

private final class NumberHandler: CounterHandler, RecorderHandler, TimerHandler {
    private let file: LineFile
    private let name: String

    init(_ file: LineFile, _ label: String, _ dimensions: [(String, String)]) {
        self.file = file
        name = ([label] + dimensions.map(\.1)).joined(separator: " ")
    }

    func increment(by count: Int64) { file.write("\(name) \(count)") }
    func reset() {}
    func record(_ value: Int64) { file.write("\(name) \(value)") }
    func record(_ value: Double) { file.write("\(name) \(value)") }
    func recordNanoseconds(_ duration: Int64) {
        if name == "roost_shutdown_duration" { file.takeTime() }
        file.write("\(name) \(duration)")
    }
}
#endif
