/// The members of a large object by their names. Looking for one takes the same time however many there are, and nobody who
/// writes a text can choose names that collide.
struct JSONNameTable {
    /// Objects with more members than this have a table; in smaller ones it is quicker to look at all.
    static let fewMembers = 16

    /// Places of names, twice as many as there are members at least; zero is free, for no name lies there.
    private var slots: [UInt32]

    /// Calls `twice` with the place of each name that was there before.
    init(_ tape: JSONTape, object: Int, twice: (Int) -> Void) {
        var size = 32
        while size < Int(tape[object].count) * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        var place = object + 1
        while place < Int(tape[object].end) {
            let entry = tape[place]
            let name = entry.kind == .text ? tape.slice(entry) : tape.unescaped(entry)[...]
            let slot = name.withUnsafeBufferPointer { name in
                search(name) { tape.name(at: $0, is: name) }
            }
            if slots[slot] != 0 { twice(place) }
            slots[slot] = UInt32(truncatingIfNeeded: place)
            place = tape.place(after: place + 1)
        }
    }

    /// The place of a name; nil if it is not there.
    func place(of name: UnsafeBufferPointer<UInt8>, _ tape: JSONTape) -> Int? {
        let found = slots[search(name) { tape.name(at: $0, is: name) }]
        return found == 0 ? nil : Int(found)
    }

    /// Where it lies, or where there is room for it.
    private func search(_ name: UnsafeBufferPointer<UInt8>, _ isSame: (Int) -> Bool) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(name))
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] != 0, !isSame(Int(slots[slot])) { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }
}
