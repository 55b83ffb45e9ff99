/// A value that was encoded and is to be written: its members may come in any order, and in containers that are filled side
/// by side.
enum JSONPart {
    case null
    case bool(Bool)
    case signed(Int64)
    case unsigned(UInt64)
    case double(Double)
    case float(Float)
    case text(String)
    /// What a value that is not a text wrote as one: a case of an enumeration, an address.
    case word(String)
    case list(JSONList)
    case object(JSONObject)
    /// Whatever this encoder will have been given.
    case later(JSONValueEncoder)
}

final class JSONList {
    var parts: [JSONPart] = []
}

final class JSONObject {
    struct Member {
        let name: String
        let part: JSONPart
    }

    var members: [Member] = []

    func add(_ name: String, _ part: JSONPart) {
        // As many as a frame of a stack has, not one after the other.
        if members.isEmpty { members.reserveCapacity(8) }
        members.append(Member(name: name, part: part))
    }

    /// In the order of the names' bytes; of those that were given twice the last.
    var sorted: [Member] {
        var sorted = members
        sorted.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        guard sorted.count > 1 else { return sorted }
        // Equal ones have kept their order.
        var kept = 0
        for index in 1..<sorted.count {
            if !sorted[kept].name.utf8.elementsEqual(sorted[index].name.utf8) { kept += 1 }
            if kept != index { sorted[kept] = sorted[index] }
        }
        sorted.removeLast(sorted.count - kept - 1)
        return sorted
    }
}
