import Glibc
import Roost

/// A stage that is told to fail, so that somebody can see what the program does then.
///
/// Not in safe mode: there it stands for a fault in what safe mode leaves out.
struct StageFailure: Error, CustomStringConvertible {
    enum Manner: String, CaseIterable {
        case error
        case hang
        case crash
    }

    let stage: String
    let manner: Manner

    let description = "it was told to (--fail-stage)"

    /// `decoder check`, or `decoder check=crash`; throws what is wrong with it.
    init(_ text: String) throws(Wrong) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard StartStages.names.contains(parts[0]) else { throw .stage }
        stage = parts[0]
        guard parts.count > 1 else {
            manner = .error
            return
        }
        guard let manner = Manner(rawValue: parts[1]) else { throw .manner }
        self.manner = manner
    }

    /// What is wrong with the words on the command line.
    enum Wrong: Error {
        case stage
        case manner
    }

    func happen(in stage: LaunchStageContext) throws {
        guard stage.name == self.stage, stage.mode == .normal else { return }
        switch manner {
        case .error: throw self
        case .hang: while true { pause() }  // looks at no token
        case .crash: fatalError("stage '\(self.stage)' was told to crash (--fail-stage)")
        }
    }
}
