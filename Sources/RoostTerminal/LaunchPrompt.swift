import Roost

/// How a question of the start looks in a terminal, and what is typed there.
enum LaunchPrompt {
    /// What is said before anybody can answer.
    static func reason(_ question: LaunchQuestion) -> String { "\(question.title). \(question.text)" }

    /// `Type t to try again, s for safe mode or q to quit, then Enter.`
    static func hint(_ question: LaunchQuestion) -> String {
        let keys = question.answers.map { words($0) }
        let list =
            keys.count > 1 ? keys.dropLast().joined(separator: ", ") + " or " + keys[keys.count - 1] : keys.joined()
        return "Type \(list), then Enter."
    }

    /// The answer that a line means; nil when it means none that was offered.
    static func answer(_ line: String, to question: LaunchQuestion) -> LaunchAnswer? {
        guard let letter = line.first(where: { !$0.isWhitespace })?.lowercased() else { return nil }
        return question.answers.first { key($0) == letter }
    }

    /// What is said when there is nobody to be asked, and this is the answer.
    static func said(_ answer: LaunchAnswer) -> String {
        switch answer {
        case .quit: "There is nobody to ask: it quits."
        case .safeMode: "There is nobody to ask: it starts in safe mode."
        case .tryAgain: "There is nobody to ask: it tries again."
        case .startNormally: "There is nobody to ask: it starts normally."
        }
    }

    private static func key(_ answer: LaunchAnswer) -> String {
        switch answer {
        case .tryAgain: "t"
        case .safeMode: "s"
        case .startNormally: "n"
        case .quit: "q"
        }
    }

    private static func words(_ answer: LaunchAnswer) -> String {
        switch answer {
        case .tryAgain: "t to try again"
        case .safeMode: "s for safe mode"
        case .startNormally: "n to start normally"
        case .quit: "q to quit"
        }
    }
}
