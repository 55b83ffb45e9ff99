import Roost
import RoostProcess
import ThumbnailKit

/// Decodes the known picture in a worker process, which is ready for others then: what a decoder loads has been loaded.
struct CheckDecoder: IsolatedTask {
    var name: String { "checking the decoder" }
    var inputDescription: String { "the known picture" }
    static var isRepeatable: Bool { true }

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> NoOutput {
        do { try KnownPicture.decode() } catch let error as ThumbnailError { throw DecodeFailure(error) }
        return NoOutput()
    }
}

/// Why a worker process did not decode the known picture.
package struct DecoderCheckError: Error, CustomStringConvertible {
    package let description: String
}

extension Decoders {
    /// Has one worker process decode the known picture. Blocks until that is done. Throws ``DecoderCheckError``, and `StopError`
    /// once `token` is stopped.
    package func check(_ token: StopToken) throws { try check(workers: 1, token) }

    /// The same with as many workers as there are jobs, so that no picture has to wait for one to start.
    package func warmUp(_ token: StopToken) throws {
        // One that is quick does the work of another, which is not started then: again, but not for ever where there is no room for more.
        let end = ContinuousClock.now + .milliseconds(500)
        while ordinary.processes.count < jobs, ContinuousClock.now < end { try check(workers: jobs, token) }
    }

    private func check(workers: Int, _ token: StopToken) throws {
        let checks = (0..<workers).map { _ in ordinary.start(CheckDecoder(), in: scope) }
        let stopping = token.onStop { reason in for check in checks { check.stop(reason) } }
        defer { stopping.remove() }
        // All of them are looked at before one is thrown: the others' failures would be reported as nobody's.
        for ending in try checks.map({ try $0.waitForEnding() }) {
            switch ending {
            case .finished?: continue
            case .failed(let error as DecodeFailure)?:
                throw DecoderCheckError(description: "\(error.error(of: RawPath("the known picture")))")
            case .failed(let error)?, .crashed(let error)?: throw DecoderCheckError(description: "\(error)")
            case .stopped(let reason)?: throw StopError(reason)
            case nil, .some: throw DecoderCheckError(description: ending.map { "its worker \($0)" } ?? "")
            }
        }
    }
}
