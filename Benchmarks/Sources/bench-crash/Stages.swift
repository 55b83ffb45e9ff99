import BenchSupport
import Glibc
import RoostCrash

/// Enter and leave of a stage of the start, which are on the disk before the program goes on.
enum Stages {
    static func measure(_ count: Int, _ place: Place) -> Values {
        let capture = CrashCapture.install("bench-crash", configuration: .init(version: "1", folder: place.store))
        return times(count) {
            capture.stageBegan("a stage")
            capture.stageEnded("a stage", .done)
        }
    }

    /// The least that the disk takes for that.
    static func measureByHand(_ count: Int, _ place: Place) throws -> Values {
        let file = open(place.store + "/by-hand", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Wrong(what: "cannot make a file") }
        let line = [UInt8](repeating: 65, count: 40)
        return times(count) {
            for _ in 0..<2 {
                write(file, line, line.count)
                fdatasync(file)
            }
        }
    }

    private static func times(_ count: Int, _ body: () -> Void) -> Values {
        var micros = [Double]()
        for _ in 0..<count {
            let begin = now()
            body()
            micros.append(Double(now() - begin) / 1e3)
        }
        return ["us": micros.median, "max_us": micros.max()!]
    }
}
