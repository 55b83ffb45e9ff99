/// A value as text that is short however large the value is: of collections the first elements and their number, of texts the
/// beginning. Takes time for what it shows alone.
enum BriefText {
    static func of(_ value: Any) -> String { of(value, depth: 0) }

    private static let most = 8
    private static let deepest = 4

    private static func of(_ value: Any, depth: Int) -> String {
        if let text = value as? any StringProtocol { return quoted(text) }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .collection, .set: return "[" + elements(mirror, depth) + "]"
        case .dictionary:
            return "[" + list(mirror) { pair($0.value, depth) } + "]"
        case .optional: return mirror.children.first.map { of($0.value, depth: depth) } ?? "nil"
        case .tuple: return "(" + elements(mirror, depth) + ")"
        case .class: return "\(type(of: value))"
        case .enum:
            // The case, and what it carries.
            guard let carried = mirror.children.first else { return "\(value)" }
            let isTuple = Mirror(reflecting: carried.value).displayStyle == .tuple
            let text = deeper(carried.value, depth)
            return (carried.label ?? "") + (isTuple ? text : "(\(text))")
        default: break
        }
        if value is any CustomStringConvertible || mirror.children.isEmpty && mirror.displayStyle != .struct {
            return String("\(value)".prefix(200))
        }
        return "\(type(of: value))(" + elements(mirror, depth) + ")"
    }

    private static func elements(_ mirror: Mirror, _ depth: Int) -> String {
        list(mirror) { child in
            // A tuple's elements without names are called .0, .1 and so on.
            let label = child.label.flatMap { $0.hasPrefix(".") ? nil : "\($0): " } ?? ""
            return label + deeper(child.value, depth)
        }
    }

    private static func list(_ mirror: Mirror, _ text: (Mirror.Child) -> String) -> String {
        let isCollection = mirror.displayStyle != .struct && mirror.displayStyle != .tuple
        let shown = mirror.children.prefix(isCollection ? most : 32).map(text)
        let count = mirror.children.count
        return (shown.count < count ? shown + ["… \(count) in all"] : shown).joined(separator: ", ")
    }

    private static func pair(_ value: Any, _ depth: Int) -> String {
        Mirror(reflecting: value).children.map { deeper($0.value, depth) }.joined(separator: ": ")
    }

    private static func deeper(_ value: Any, _ depth: Int) -> String {
        depth < deepest ? of(value, depth: depth + 1) : "…"
    }

    private static func quoted(_ text: some StringProtocol) -> String {
        let beginning = text.prefix(100)
        return "\"\(beginning)\(beginning.endIndex < text.endIndex ? "…" : "")\""
    }
}
