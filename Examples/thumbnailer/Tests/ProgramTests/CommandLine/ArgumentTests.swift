import Foundation
import Testing

@testable import ProgramTesting

/// The command line: what it takes, and one line for what it does not.
@Suite struct ArgumentTests {
    @Test(arguments: ["--help", "-h"]) func helpIsOnStandardOutput(_ word: String) throws {
        let program = try Thumbnailer().runAlone([word])
        #expect(program.ending == .exited(0))
        #expect(program.outputText.hasPrefix("Usage: ") && program.errorText.isEmpty)
        let options = [
            "--output", "--size", "--jobs", "--again", "--json", "--decode-time", "--in-process", "--budget",
            "--terminal", "--safe-mode", "--fail-stage",
        ]
        for option in options {
            #expect(program.outputText.contains(option))
        }
    }

    @Test(arguments: [
        ["--no-such-option"], ["--json=1"], ["--size"], ["--size", "huge"], ["--size="], ["--jobs", "0"],
        ["--jobs", "-1"], ["--jobs", "two"], ["--jobs", "1000"], ["--budget", "0"], ["--budget", "nan"],
        ["--budget", "for ever"], ["--decode-time", "0"], ["--in-process=1"], ["--output"], ["a", "b"], [""], ["-x"],
        ["--", "a", "b"],
        ["--safe-mode=1"], ["--fail-stage"], ["--fail-stage", "cache"], ["--fail-stage", "cache folder=slowly"],
    ])
    func whatIsWrongIsSaidInOneLine(_ arguments: [String]) throws {
        let program = try Thumbnailer().runAlone(arguments)
        #expect(program.ending == .exited(2))
        #expect(program.outputText.isEmpty)
        #expect(program.errorText.hasPrefix("thumbnailer: ") && program.errorText.filter { $0 == "\n" }.count == 1)
        #expect(program.errorText.hasSuffix("\n"))
        if let word = arguments.first, word.hasPrefix("--"), word.count > 2 {
            #expect(program.errorText.contains(word.prefix { $0 != "=" }), "\(program.errorText)")
        }
    }

    @Test func aFolderThatIsNone() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.workspace.write("x", to: "a file")
        let cases = [("nothing here", "no such file or directory"), ("a file", "not a directory")]
        for (name, reason) in cases {
            let program = try thumbnailer.runAlone([name])
            #expect(program.ending == .exited(2))
            #expect(program.errorText.contains(name) && program.errorText.contains(reason), "\(program.errorText)")
            #expect(program.errorText.filter { $0 == "\n" }.count == 1)
        }
    }

    @Test func theLastLine() throws {
        let thumbnailer = try Thumbnailer()
        for index in 1...3 { try thumbnailer.addPicture("\(index).svg") }
        try thumbnailer.workspace.write("no picture", to: "pictures/broken.png")
        let first = try thumbnailer.run()
        #expect(first.ending == .exited(1))
        let last = try #require(LastLine(in: first.outputText))
        #expect((last.made, last.fresh, last.failed) == (3, 0, 1))
        #expect(first.outputText.filter { $0 == "\n" }.count == 1)
        #expect(first.errorText.contains("cannot decode") && first.errorText.contains("broken.png"))
        try FileManager.default.removeItem(atPath: thumbnailer.pictures + "/broken.png")
        let second = try thumbnailer.run()
        #expect(second.ending == .exited(0))
        #expect(try #require(LastLine(in: second.outputText)).fresh == 3)
        let again = try thumbnailer.run("--again", "--jobs", "1")
        #expect(try #require(LastLine(in: again.outputText)).made == 3)
    }

    @Test(arguments: [("normal", 128), ("large", 256), ("x-large", 512), ("xx-large", 1_024)])
    func sizes(_ name: String, _ pixels: Int) throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("wide.svg", width: 3_000)
        let program = try thumbnailer.run("--size", name)
        #expect(program.ending == .exited(0))
        let files = thumbnailer.workspace.files(below: "out")
        #expect(files.count == 1 && files[0].hasPrefix(name + "/"))
        let data = try Data(contentsOf: URL(fileURLWithPath: thumbnailer.workspace.path("out/" + files[0])))
        #expect(PNG.isWhole(data))
        // The width stands after the signature, the length and the name of the first chunk.
        #expect(data[16..<20].reduce(0) { $0 << 8 | Int($1) } == pixels)
    }

    @Test func withoutAFolderItTakesTheUsersPictures() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.workspace.makeFolder("home/.config")
        try thumbnailer.workspace.makeFolder("home/My Pictures")
        try thumbnailer.workspace.write(
            "XDG_PICTURES_DIR=\"$HOME/My Pictures\"\n", to: "home/.config/user-dirs.dirs")
        try thumbnailer.workspace.write(
            #"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>"#, to: "home/My Pictures/one.svg")
        let program = try thumbnailer.runAlone(["--json"])
        #expect(program.ending == .exited(0))
        let lines = try JSONLines(program.outputText)
        // Where file managers look: the cache, in the size that is the default.
        let folder = thumbnailer.workspace.path("cache/thumbnails/large/")
        #expect(lines.made.count == 1 && lines.made[0].hasPrefix(folder), "\(program.everything)")
    }

    @Test func jsonLinesAreObjectsThatAddUp() throws {
        let thumbnailer = try Thumbnailer()
        for name in ["plain.svg", "quote\".svg", "back\\slash.svg", "two\nlines.svg", "ünï 日本.svg", "-dash.svg"] {
            try thumbnailer.addPicture(name)
        }
        try thumbnailer.workspace.write("no picture", to: "pictures/broken.png")
        let program = try thumbnailer.run("--json")
        #expect(program.ending == .exited(1))
        let lines = try JSONLines(program.outputText)
        #expect(lines.addsUp && lines.rest.isEmpty)
        #expect(lines.made.count == 6 && lines.failed.count == 1)
    }
}
