/// What has to be there before the first thumbnail.
extension ThumbnailCache {
    /// Makes the folder for thumbnails of this size, unless it is there, and sees that a file can be begun in it.
    ///
    /// - Returns: The folders that it made, the outermost first; none stay when it throws.
    @discardableResult
    public func prepare(for size: ThumbnailSize) throws(ThumbnailError) -> [RawPath] {
        let folder = folder(for: size)
        let made = try FolderMaker.make(folder, reporting: folder)
        do throws(ThumbnailError) {
            try writer.requireWritable(folder)
        } catch {
            FolderMaker.removeEmpty(made)
            throw error
        }
        return made
    }

    /// Takes back what ``prepare(for:)`` made: those of its folders that are still empty.
    public func takeBack(_ made: [RawPath]) { FolderMaker.removeEmpty(made) }
}
