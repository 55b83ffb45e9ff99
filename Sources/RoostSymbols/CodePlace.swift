/// A place in the code, whatever process it was in.
struct CodePlace: Hashable, Sendable {
    var image: String
    var offset: UInt64
    /// The instruction before it is meant.
    var isReturnAddress: Bool
    /// Of which build of the file, when that is known: another one has something else there.
    var build: BuildID?

    init?(_ address: UInt64, isReturnAddress: Bool, in stacks: RawStacks) {
        guard let image = stacks.image(at: address) else { return nil }
        self.image = image.path
        offset = address - image.start
        self.isReturnAddress = isReturnAddress
        build = image.build
    }
}
