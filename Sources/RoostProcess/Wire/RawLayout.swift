import Roost

/// How a struct of nothing but numbers and texts lies in memory: it can cross as its bytes, with its texts behind them. Only to a worker that was
/// built from the very same code, and only from the app, whose memory is trusted.
struct RawLayout: Sendable {
    struct Text {
        let offset: Int
        let isOptional: Bool
    }
    let texts: [Text]
    private let numbers: [Range<Int>]
    /// Differs when the fields differ: a library of the same program may be another one by the time a worker starts.
    private let mark: UInt64

    /// Nil for a type that has something else, too, and for one that is too large to be copied about.
    init?<Value>(of _: Value.Type) {
        guard MemoryLayout<Value>.stride <= 16 * 1024 else { return nil }
        guard let fields = TypeDoor.fields(of: Value.self), !fields.isEmpty else { return nil }
        var texts: [Text] = []
        var numbers: [Range<Int>] = []
        for field in fields {
            if let size = Self.sizes[ObjectIdentifier(field.type)] {
                numbers.append(field.offset..<field.offset + size)
            } else {
                guard field.type == String.self || field.type == String?.self else { return nil }
                texts.append(Text(offset: field.offset, isOptional: field.type == String?.self))
            }
        }
        // What is known of the fields is all there is.
        guard TypeDoor.isTrivial(Value.self) == texts.isEmpty else { return nil }
        self.texts = texts
        self.numbers = numbers
        let words = fields.map { "\($0.name) \($0.offset) \(TypeDoor.title(of: $0.type))" }
        mark = FNV.hash(words + ["\(MemoryLayout<Value>.stride)"])
    }

    /// By name, since there are trivial values that mean nothing in another process: types, functions of C, pointers, constant texts. A nested
    /// struct may say itself how it is encoded, so it is not one.
    private static let sizes: [ObjectIdentifier: Int] = [
        ObjectIdentifier(Int.self): 8, ObjectIdentifier(Int8.self): 1, ObjectIdentifier(Int16.self): 2,
        ObjectIdentifier(Int32.self): 4, ObjectIdentifier(Int64.self): 8, ObjectIdentifier(UInt.self): 8,
        ObjectIdentifier(UInt8.self): 1, ObjectIdentifier(UInt16.self): 2, ObjectIdentifier(UInt32.self): 4,
        ObjectIdentifier(UInt64.self): 8, ObjectIdentifier(Float.self): 4, ObjectIdentifier(Double.self): 8,
        ObjectIdentifier(Bool.self): 1,
    ]

    // Kept, like the next ones: to find out takes longer than many a task.
    private static let layouts = Locked<[ObjectIdentifier: RawLayout?]>([:])

    static func of<Value>(_: Value.Type) -> RawLayout? {
        let id = ObjectIdentifier(Value.self)
        if let layout = layouts.withLock({ $0[id] }) { return layout }
        let layout = RawLayout(of: Value.self)
        layouts.withLock { $0[id] = .some(layout) }
        return layout
    }

    // MARK: Which tasks go so

    private static let known = Locked<[ObjectIdentifier: RawLayout?]>([:])

    /// That of a task if it goes so. The first small one of a type decides for all: it has to come out of its Codable form as it was, with a key
    /// for each of its fields. So a type that leaves something out or calls it otherwise goes as its Codable form, and one that changes
    /// values if that shows in the first.
    static func of<T: IsolatedTask>(_ task: T) -> RawLayout? {
        let id = ObjectIdentifier(T.self)
        if let layout = known.withLock({ $0[id] }) { return layout }
        guard let layout = of(T.self) else { return decide(nil, for: id) }
        guard layout.size(of: task) <= largestSample else { return nil }
        return decide(layout.isCodedPlainly(task) ? layout : nil, for: id)
    }

    /// A larger one decides nothing: to look at it would take long.
    private static let largestSample = 16 * 1024

    /// Whoever is first has decided.
    private static func decide(_ layout: RawLayout?, for id: ObjectIdentifier) -> RawLayout? {
        known.withLock { known in
            if let earlier = known[id] { return earlier }
            known[id] = .some(layout)
            return layout
        }
    }

    private func isCodedPlainly<T: IsolatedTask>(_ task: T) -> Bool {
        guard let bytes = try? TaskCoding.encodePlainly(task), let keys = CompactDecoder.keys(of: bytes),
            let fields = TypeDoor.fields(of: T.self), fields.allSatisfy({ keys.contains($0.name) }),
            let back = try? bytes.withUnsafeBytes({ try TaskCoding.decodePlainly(T.self, from: $0) })
        else { return false }
        return isSame(task, back)
    }

    /// Field by field and bit by bit.
    private func isSame<Value>(_ one: Value, _ other: Value) -> Bool {
        withUnsafeBytes(of: one) { one in
            withUnsafeBytes(of: other) { other in
                guard
                    let (start, otherStart) = one.baseAddress.flatMap({ start in other.baseAddress.map { (start, $0) } }
                    )
                else { return false }
                return numbers.allSatisfy { one[$0].elementsEqual(other[$0]) }
                    && texts.allSatisfy {
                        text($0, of: start).map { Array($0.utf8) } == text($0, of: otherStart).map { Array($0.utf8) }
                    }
            }
        }
    }

    // MARK: To bytes and back

    private static let noText = UInt32.max

    /// The mark.
    private static let header = 8
    private static let textSize = MemoryLayout<String>.size

    private func text(_ text: Text, of value: UnsafeRawPointer) -> String? {
        let place = value + text.offset
        return text.isOptional ? place.load(as: String?.self) : place.load(as: String.self)
    }

    private func size<Value>(of value: Value) -> Int {
        withUnsafeBytes(of: value) { value in
            texts.reduce(value.count) { size, text in
                size + (value.baseAddress.flatMap { self.text(text, of: $0) }?.utf8.count ?? 0)
            }
        }
    }

    /// Values that lie one behind the other, as bytes. Nil when a text is too long for it.
    func bytes<Value>(of values: UnsafeBufferPointer<Value>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.header + values.count * (MemoryLayout<Value>.stride + texts.count * 32))
        withUnsafeBytes(of: mark.littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: UnsafeRawBufferPointer(values))
        guard !texts.isEmpty, let start = UnsafeRawPointer(values.baseAddress) else { return bytes }
        for value in 0..<values.count {
            let place = value * MemoryLayout<Value>.stride
            for text in texts {
                // Where a text lies in this process is nobody else's business.
                let field = Self.header + place + text.offset
                for byte in field..<field + Self.textSize { bytes[byte] = 0 }
                guard Self.add(self.text(text, of: start + place), to: &bytes) else { return nil }
            }
        }
        return bytes
    }

    private static func add(_ text: String?, to bytes: inout [UInt8]) -> Bool {
        guard var text else {
            add(noText, to: &bytes)
            return true
        }
        return text.withUTF8 { text in
            guard text.count < Int(noText) else { return false }
            add(UInt32(text.count), to: &bytes)
            bytes.append(contentsOf: text)
            return true
        }
    }

    private static func add(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// So many values. Throws ``ProcessPoolError`` when there are more bytes or fewer, or those of other fields.
    func values<Value>(_: Value.Type, _ count: Int, from bytes: UnsafeRawBufferPointer) throws -> [Value] {
        let size = MemoryLayout<Value>.stride.multipliedReportingOverflow(by: count)
        guard bytes.count >= Self.header, count >= 0, !size.overflow,
            bytes.count - Self.header >= size.partialValue,
            UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) == mark,
            let ranges = Self.texts(count * texts.count, in: bytes, from: Self.header + size.partialValue)
        else { throw ProcessPoolError.broken("\(bytes.count) bytes for \(count) of \(Value.self)") }
        // One copy of them all: element by element it would take ten times as long.
        // proof: every byte of them is written, and those of the texts once more, as texts, before they count.
        return [Value](unsafeUninitializedCapacity: count) { values, filled in
            let target = UnsafeMutableRawBufferPointer(values)
            target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[Self.header..<Self.header + size.partialValue]))
            if let start = target.baseAddress { fill(start, MemoryLayout<Value>.stride, count, ranges, bytes) }
            filled = count
        }
    }

    /// Where the texts are, nil for one that is none; nil when that is not what the bytes end with.
    private static func texts(_ count: Int, in bytes: UnsafeRawBufferPointer, from start: Int) -> [Range<Int>?]? {
        var texts: [Range<Int>?] = []
        texts.reserveCapacity(count)
        var place = start
        for _ in 0..<count {
            guard bytes.count - place >= 4 else { return nil }
            let size = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
            place += 4
            guard size != noText else {
                texts.append(nil)
                continue
            }
            guard bytes.count - place >= Int(size) else { return nil }
            texts.append(place..<place + Int(size))
            place += Int(size)
        }
        return place == bytes.count ? texts : nil
    }

    /// Puts the texts in their places, which are empty.
    private func fill(
        _ start: UnsafeMutableRawPointer, _ stride: Int, _ count: Int, _ ranges: [Range<Int>?],
        _ bytes: UnsafeRawBufferPointer
    ) {
        var next = 0
        for value in 0..<count {
            for text in texts {
                let string = ranges[next].map {
                    String(decoding: UnsafeRawBufferPointer(rebasing: bytes[$0]), as: UTF8.self)
                }
                next += 1
                let place = start + value * stride + text.offset
                if text.isOptional {
                    place.initializeMemory(as: String?.self, to: string)
                } else {
                    place.initializeMemory(as: String.self, to: string ?? "")
                }
            }
        }
    }
}
