/// Where in a value something lies, as a chain to the outermost value: one link is made for each step in, and a list of keys
/// only for an error.
indirect enum JSONPath {
    case root
    case name(JSONPath, any CodingKey)
    case index(JSONPath, Int)

    /// From the outermost in.
    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var rest = self
        while true {
            switch rest {
            case .root: return keys.reversed()
            case .name(let outer, let key):
                keys.append(key)
                rest = outer
            case .index(let outer, let index):
                keys.append(JSONKey(index: index))
                rest = outer
            }
        }
    }

    /// `threads[3].frames[0]`; of a very long one the beginning and the end.
    static func words(for keys: [any CodingKey]) -> String {
        var words = ""
        for (place, key) in keys.enumerated() {
            if keys.count > 24, (16..<keys.count - 4).contains(place) {
                if place == 16 { words += " … " }
            } else if let index = (key as? JSONKey)?.intValue {
                words += "[\(index)]"
            } else {
                words += (words.isEmpty ? "" : ".") + TerminalText.line(key.stringValue, limit: 48)
            }
        }
        return words
    }
}

/// A key that no type has: the index of an element, or what stands for a superclass.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    static let superclass = JSONKey(stringValue: "super")

    init(index: Int) {
        stringValue = "Index \(index)"
        intValue = index
    }

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init?(intValue: Int) { self.init(index: intValue) }
}
