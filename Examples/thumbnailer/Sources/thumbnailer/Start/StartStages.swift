import Roost
import ThumbnailDecoding
import ThumbnailKit

/// What the program does before it makes the first thumbnail, in a window and in a terminal.
enum StartStages {
    static let cacheFolder = "cache folder"
    static let decoderCheck = "decoder check"
    static let processPool = "process pool"
    static let names = [cacheFolder, decoderCheck, processPool]

    /// The stages in their order.
    ///
    /// - Parameters:
    ///   - decoders: Nil when pictures are decoded in this process: it is checked itself then, and there is no pool.
    ///   - needsCacheFolder: Whether somebody is asked when thumbnails cannot be written; if not, each picture says so.
    static func all(_ arguments: Arguments, _ decoders: Decoders?, needsCacheFolder: Bool) -> [LaunchStage] {
        let failure = arguments.failStage
        let folder = CacheFolder(arguments)
        let make: @Sendable (LaunchStageContext) throws -> Void = { stage in
            try failure?.happen(in: stage)
            try folder.make()
        }
        let takeBack: @Sendable () -> Void = { folder.takeBack() }
        var stages = [
            needsCacheFolder
                ? LaunchStage.required(cacheFolder, within: .seconds(10), make, undo: takeBack)
                : .optional(cacheFolder, within: .seconds(10), inSafeMode: true, make, undo: takeBack),
            .optional(decoderCheck, within: .seconds(5)) { stage in
                try failure?.happen(in: stage)
                if let decoders { try decoders.check(stage.token) } else { try KnownPicture.decode() }
            },
        ]
        if let decoders {
            stages.append(
                .optional(processPool, within: .seconds(5)) { stage in
                    try failure?.happen(in: stage)
                    try decoders.warmUp(stage.token)
                })
        }
        return stages
    }
}
