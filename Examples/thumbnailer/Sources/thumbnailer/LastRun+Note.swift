import RoostCrash
import ThumbnailKit

extension LastRun {
    /// One calm line for whoever starts the program again; nil when there is nothing that they do not know.
    var note: String? {
        guard !wasTold else { return nil }
        let what: String
        switch ending {
        case .crashed: what = "crashed"
        case .killed(.outOfMemory?): what = "was killed, probably for want of memory"
        case .killed: what = "ended without a word"
        // Somebody asked for it, was told at the time, or has turned the machine off.
        case .clean, .stopped, .quit, .pastBudget, .machineWentDown: return nil
        }
        return "The last run \(what)\(place)."
    }

    private var place: String {
        if let stage { return " while it was starting, in '\(stage)'" }
        // Of the others nobody knows what they are.
        let makers = (crashedWorker.map { [$0] } ?? workers).filter { $0.scope == ThumbnailRun.Scopes.nameOfMakers }
        guard let first = makers.first else { return "" }
        let more = makers.count > 1 ? " and \(makers.count - 1) more" : ""
        return " while it made the \(Self.shown(first.worker))\(more)"
    }

    /// A worker's name has the name of a file in it, which may be anything.
    private static func shown(_ name: String) -> String { RawPath(name).printable }
}
