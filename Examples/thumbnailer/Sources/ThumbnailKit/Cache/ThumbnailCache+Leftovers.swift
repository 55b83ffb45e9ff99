import Glibc

extension ThumbnailCache {
    /// Deletes the temporary files of writers that no longer run, and no other file.
    ///
    /// Only a file system without `O_TMPFILE`, or a process killed between two system calls, leaves any. Files of living
    /// processes stay, those of this one included. Folders that cannot be read are passed over. The pid is compared in
    /// this process's own pid namespace: do not share one cache folder between containers that both write it.
    ///
    /// - Returns: How many files were deleted.
    @discardableResult
    public func removeLeftovers() -> Int {
        let folders = ThumbnailSize.allCases.map { folder(for: $0) } + [failFolder]
        return folders.reduce(0) { $0 + removeLeftovers(in: $1) }
    }

    private func removeLeftovers(in folder: RawPath) -> Int {
        guard let stream = folder.withCString({ opendir($0) }) else { return 0 }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = FolderListing.name(of: entry)
            if name.starts(with: ".roost-".utf8) { names.append(String(decoding: name, as: UTF8.self)) }
        }
        return names.count { name in
            guard let temporary = TemporaryName(name), temporary.writer.isGone else { return false }
            return unlinkat(dirfd(stream), name, 0) == 0
        }
    }
}
