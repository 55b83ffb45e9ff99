import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// The files that an interrupted run left, and what the next run makes of them.
struct Remains {
    let workspace: Workspace
    let pictures: PictureSet
    /// Of the run.
    let process: pid_t
    let note: Comment

    private var found: Set<String> { Set(workspace.files(below: "out/large")) }

    /// Whole thumbnails and whole entries of failures; a temporary file only after an end that `mayBeCutOff`, and only one
    /// that says whose it was.
    func check(mayBeCutOff: Bool) {
        for name in workspace.files(below: "out") {
            let path = workspace.path("out/" + name)
            #expect(FileFacts(path)?.mode == 0o600, "\(note): mode of \(name)")
            if name.hasPrefix("large/"), name.hasSuffix(".png") {
                pictures.expectWhole(path, note)
            } else if name.hasSuffix(".tmp") {
                #expect(mayBeCutOff && name.contains("/.roost-\(process)-"), "\(note): left behind \(name)")
            } else {
                #expect(name.hasPrefix("fail/") && isWholeFailEntry(path), "\(note): left behind \(name)")
            }
        }
    }

    private func isWholeFailEntry(_ path: String) -> Bool {
        FileManager.default.contents(atPath: path).map { PNG.isWhole($0) } ?? false
    }

    /// The next run makes what is missing, and nothing else. To keep it short most of what is missing is put there first,
    /// unless the `whole` of it is to be made.
    func resume(whole: Bool, seed: UInt64) throws {
        var there = found
        if !whole {
            there = try pictures.place(allBut: 12, besides: there, in: workspace.path("out/large"), seed: seed)
        }
        let next = try Program(
            .thumbnailer(pictures.folder, ["--jobs", "2", "--json"], in: workspace))
        #expect(next.waitForEnd(within: .seconds(120)) == pictures.finished, "\(note), next run: \(next.everything)")
        let lines = try JSONLines(next.outputText)
        #expect(lines.addsUp && lines.rest.isEmpty, note)
        let made = Set(lines.made.map { ($0 as NSString).lastPathComponent })
        #expect(made == Set(pictures.thumbnails.keys).subtracting(there), note)
        #expect(lines.made.count == made.count && lines.fresh.count == there.count, note)
        #expect(Set(lines.failed) == pictures.failing, note)
        #expect(found == Set(pictures.thumbnails.keys), note)
        for name in made { pictures.expectWhole(workspace.path("out/large/" + name), note) }
        #expect(!workspace.files(below: "out").contains { $0.hasSuffix(".tmp") }, note)
    }
}

extension PictureSet {
    /// Puts this share of the reference's thumbnails into a folder; which ones, the seed says.
    func place(percent: Int, in folder: String, seed: UInt64) throws -> Set<String> {
        guard percent > 0 else { return [] }
        return try place(allBut: thumbnails.count * (100 - percent) / 100, besides: [], in: folder, seed: seed)
    }

    /// Puts all but `count` of what is missing besides `there` into a folder; returns what is there then.
    func place(allBut count: Int, besides there: Set<String>, in folder: String, seed: UInt64) throws -> Set<String> {
        var generator = SeededGenerator(seed, "place")
        let missing = thumbnails.keys.filter { !there.contains($0) }.sorted().shuffled(using: &generator)
        for name in missing.dropFirst(count) {
            try FileManager.default.linkItem(atPath: reference + "/" + name, toPath: folder + "/" + name)
        }
        return there.union(missing.dropFirst(count))
    }

    /// The file is what an undisturbed run made, to the byte.
    func expectWhole(_ path: String, _ note: Comment) {
        // Linked from the reference by the test.
        if let facts = FileFacts(path), facts.links > 1 { return }
        let data = FileManager.default.contents(atPath: path)
        #expect(data != nil && data == thumbnails[(path as NSString).lastPathComponent], note)
    }
}
