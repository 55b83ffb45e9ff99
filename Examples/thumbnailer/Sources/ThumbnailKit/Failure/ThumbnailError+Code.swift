extension ThumbnailError {
    /// The kind of a failure. New kinds can appear, so a `switch` over them needs a `default`.
    public struct Code: Sendable, Hashable, Codable, CustomStringConvertible {
        /// A stable name in camel case, as used in JSON.
        public let description: String

        /// The file or folder does not exist, or vanished while it was being read.
        public static let notFound = Code(description: "notFound")
        /// The system forbids the access.
        public static let permissionDenied = Code(description: "permissionDenied")
        /// What should be a folder is something else.
        public static let notFolder = Code(description: "notFolder")
        /// What should be a picture is a folder, FIFO, socket or device.
        public static let notRegularFile = Code(description: "notRegularFile")
        /// The picture has no bytes.
        public static let empty = Code(description: "empty")
        /// The picture has more bytes than the limit.
        public static let tooManyBytes = Code(description: "tooManyBytes")
        /// The picture has more pixels than the limit.
        public static let tooManyPixels = Code(description: "tooManyPixels")
        /// No loader knows the content, whatever the name says.
        public static let unknownFormat = Code(description: "unknownFormat")
        /// The content is broken, or cut off.
        public static let undecodable = Code(description: "undecodable")
        /// Somebody wrote to the picture while it was being read.
        public static let changed = Code(description: "changed")
        /// The picture is itself a thumbnail.
        public static let insideThumbnails = Code(description: "insideThumbnails")
        /// There was not enough memory for the pixels.
        public static let outOfMemory = Code(description: "outOfMemory")
        /// The process that decoded the picture crashed of it.
        public static let crashed = Code(description: "crashed")
        /// Decoding the picture took more memory than its process may have.
        public static let tooMuchMemory = Code(description: "tooMuchMemory")
        /// Decoding the picture took longer than it may.
        public static let tooMuchTime = Code(description: "tooMuchTime")
        /// Somebody else ended the process that decoded the picture.
        public static let killed = Code(description: "killed")
        /// There is a fail entry that does not say what kind of failure it was: another program's, or an older one's.
        public static let failedBefore = Code(description: "failedBefore")
        /// The disk, or the user's share of it, is full.
        public static let diskFull = Code(description: "diskFull")
        /// The thumbnails folder lies on a read-only file system.
        public static let readOnly = Code(description: "readOnly")
        /// Another system error; see `errno`.
        public static let system = Code(description: "system")

        /// Whether the failure lies in the picture's content and will be the same until the file changes, or there is more time or memory.
        ///
        /// Only such a failure leaves a fail entry. What a header tells does not: it is cheap to look at again, and another
        /// run may have other limits. What it took a crash or all of a limit to find out does.
        public var isPermanent: Bool { Self.permanent.contains(self) }

        fileprivate static let permanent: [Code] = [
            .unknownFormat, .undecodable, .crashed, .tooMuchMemory, .tooMuchTime,
        ]
    }
}

extension ThumbnailError.Code {
    /// The kind that a fail entry names. Any other text is another program's.
    init?(inEntry text: String) {
        guard let code = Self.permanent.first(where: { $0.description == text }) else { return nil }
        self = code
    }
}
