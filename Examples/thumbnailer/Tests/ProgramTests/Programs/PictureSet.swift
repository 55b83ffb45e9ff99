import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// The seeded pictures that all tests share, and what one undisturbed run makes of them.
///
/// 420 small pictures of seven formats and ten slow ones, with broken ones and odd names among them. They are made once
/// for each version of the script that makes them and kept beside the build; the reference is made by the executable under
/// test, once a test process.
final class PictureSet: Sendable {
    static let shared = Result { try PictureSet(folder: makePictures()) }

    let folder: String
    private let workspace: Workspace
    /// The thumbnails folder of the undisturbed run.
    var reference: String { workspace.path("out/large") }
    /// Every thumbnail's file name and bytes.
    let thumbnails: [String: Data]
    /// The paths of the pictures that fail.
    let failing: Set<String>
    /// How long the first thumbnail took from exec.
    let firstAfter: Duration

    /// What a whole run exits with: 1, since some pictures fail.
    var finished: Program.Ending { .exited(failing.isEmpty ? 0 : 1) }

    /// The pictures of a folder, by one run over it.
    init(folder: String) throws {
        self.folder = folder
        Workspace.removeThoseOfGoneProcesses()
        workspace = try Workspace()
        // A value that is kept for ever has no deinit; nor has any test that is at work at the exit.
        atexit { Workspace.removeThoseOfThisProcess() }
        let large = try workspace.makeFolder("out/large")
        let watch = try FolderWatch(large)
        let program = try Program(
            .thumbnailer(folder, ["--jobs", "2", "--json"], in: workspace))
        #expect(program.wait(watching: watch) { !watch.thumbnails.isEmpty })
        firstAfter = (watch.lastEventAt ?? .now) - program.startedAt
        #expect(program.waitForEnd(within: .seconds(180)) == .exited(1))
        let lines = try JSONLines(program.outputText)
        failing = Set(lines.failed)
        var thumbnails: [String: Data] = [:]
        for name in workspace.files(below: "out/large") {
            thumbnails[name] = try Data(contentsOf: URL(fileURLWithPath: large + "/" + name))
        }
        self.thumbnails = thumbnails
        #expect(thumbnails.count >= 430 && lines.made.count == thumbnails.count)
        #expect(Set(lines.made.map { ($0 as NSString).lastPathComponent }) == Set(thumbnails.keys))
        #expect(thumbnails.values.allSatisfy { PNG.isWhole($0) })
    }

    /// The pictures that take longest.
    var slowPictures: [String] {
        let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return all.filter { ($0 as NSString).lastPathComponent.hasPrefix("slow ") }.map { folder + "/" + $0 }.sorted {
            ($0 as NSString).lastPathComponent < ($1 as NSString).lastPathComponent
        }
    }

    private static let seed = 1

    /// The folder with the pictures that all tests share.
    static func makePictures() throws -> String {
        let script = Executables.package + "/Scripts/make-pictures"
        let version = stableHash(try Data(contentsOf: URL(fileURLWithPath: script)))
        let all = Executables.package + "/.build-pictures"
        let name = "seed-\(seed)-\(String(version, radix: 16))"
        let folder = all + "/" + name
        try FileManager.default.createDirectory(atPath: all, withIntermediateDirectories: true)
        // Those of older scripts, and what an interrupted process left.
        for other in try FileManager.default.contentsOfDirectory(atPath: all) where other != name {
            if let maker = pid_t((other as NSString).pathExtension), ProcessTable.line(of: maker) != nil { continue }
            try? FileManager.default.removeItem(atPath: all + "/" + other)
        }
        if FileFacts(folder) != nil { return folder }
        // Under another name first: another test process may be making them at the same time.
        let partial = folder + ".\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: partial) }
        let maker = Process()
        maker.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        maker.arguments = [script, "--seed", "\(seed)", "--count", "420", "--bad", "--odd-names", partial]
        maker.standardOutput = FileHandle.nullDevice
        try maker.run()
        maker.waitUntilExit()
        try #require(maker.terminationStatus == 0, "make-pictures needs /usr/bin/python3 with Pillow (python3-pil)")
        // Fails when another one was faster.
        try #require(rename(partial, folder) == 0 || FileFacts(folder) != nil)
        return folder
    }
}

/// PNG files, by their structure alone.
enum PNG {
    /// True for a signature, whole chunks, and IEND as the last one.
    static func isWhole(_ data: Data) -> Bool {
        let bytes = [UInt8](data)
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else { return false }
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let name = bytes[offset + 4..<offset + 8]
            offset += 12 + length
            if name.elementsEqual("IEND".utf8) { return offset == bytes.count }
        }
        return false
    }
}

/// The lines that `--json` wrote.
struct JSONLines {
    /// The thumbnails made, as paths.
    var made: [String] = []
    /// The pictures that were fresh or failed, as paths.
    var fresh: [String] = []
    var failed: [String] = []
    /// The counts of the last line; nil when it is not there.
    var last: (made: Int, fresh: Int, failed: Int)?
    /// What follows the last line break: a line cut off by a kill.
    var rest = ""

    init(_ text: String) throws {
        var lines = text.components(separatedBy: "\n")
        rest = lines.removeLast()
        for line in lines {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "not an object: \(line)")
            let counts = ["made", "fresh", "failed"].compactMap { object[$0] as? Int }
            if counts.count == 3 {
                #expect(last == nil && object["seconds"] is Double)
                last = (counts[0], counts[1], counts[2])
                continue
            }
            #expect(last == nil, "a line after the last one: \(line)")
            let path = try #require(object["path"] as? String)
            switch object["result"] as? String {
            case "made": made.append(try #require(object["thumbnail"] as? String))
            case "fresh": fresh.append(path)
            case "failed":
                failed.append(path)
                #expect(object["reason"] is String)
            default: Issue.record("no result in \(line)")
            }
        }
    }

    /// True when the counts say what the lines say.
    var addsUp: Bool { last.map { $0 == (made.count, fresh.count, failed.count) } ?? false }
}
