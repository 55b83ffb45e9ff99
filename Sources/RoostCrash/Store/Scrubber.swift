import Glibc

/// Takes out of a report who it was: the home folder and the user's name.
struct Scrubber: Sendable {
    let home: [UInt8]
    let user: [UInt8]

    init(home: String, user: String) {
        // A slash at the end, or a home folder that is the root of everything, would take all slashes away.
        let home = Array(home.utf8)
        self.home = Array(home.reversed().drop { $0 == UInt8(ascii: "/") }.reversed())
        // A name of a letter or two stands in half of all words; root is nobody.
        self.user = user.utf8.count > 2 && user != "root" ? Array(user.utf8) : []
    }

    /// Of the user who runs this process.
    static func ofThisUser() -> Scrubber {
        let entry = getpwuid(getuid())
        let home = StoreFolders.variable("HOME") ?? entry.map { String(cString: $0.pointee.pw_dir) } ?? ""
        let user = entry.map { String(cString: $0.pointee.pw_name) } ?? StoreFolders.variable("USER") ?? ""
        return Scrubber(home: home, user: user)
    }

    /// `~` for the home folder and `user` for the name, where they stand as a whole.
    func scrub(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if !home.isEmpty { bytes = Self.replace(home, in: bytes, by: Array("~".utf8), isPath: true) }
        if !user.isEmpty { bytes = Self.replace(user, in: bytes, by: Array("user".utf8), isPath: false) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func replace(_ word: [UInt8], in text: [UInt8], by other: [UInt8], isPath: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            let end = place + word.count
            if text[place] == word[0], end <= text.count, text[place..<end].elementsEqual(word),
                end == text.count || !isPart(text[end]), isPath || place == 0 || !isPart(text[place - 1])
            {
                result += other
                place = end
            } else {
                result.append(text[place])
                place += 1
            }
        }
        return result
    }

    /// True for what goes on with a name.
    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...0xFF:
            true
        default: false
        }
    }
}
