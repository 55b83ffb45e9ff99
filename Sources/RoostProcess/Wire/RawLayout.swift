import Roost

/// How a struct of nothing but numbers and texts lies in memory: it can cross as its bytes, with its texts behind them. Only to a worker that was
/// built from the very same code, and only from the app, whose memory is trusted.
struct RawLayout: Sendable {
    struct Text {
        let offset: Int
        let isOptional: Bool
    }
    let texts: [Text]

    /// Nil for a type that has something else, too, and for one that is too large to be copied about.
    init?<Value>(of _: Value.Type) {
        guard MemoryLayout<Value>.stride <= 16 * 1024 else { return nil }
        guard let fields = TypeDoor.fields(of: Value.self), !fields.isEmpty else { return nil }
        var texts: [Text] = []
        for field in fields where !Self.isNumber(field.type) {
            guard field.type == String.self || field.type == String?.self else { return nil }
            texts.append(Text(offset: field.offset, isOptional: field.type == String?.self))
        }
        // What is known of the fields is all there is.
        guard _isPOD(Value.self) == texts.isEmpty else { return nil }
        self.texts = texts
    }

    /// By name, since there are trivial values that mean nothing in another process: types, functions of C, pointers, constant texts. A nested
    /// struct may say itself how it is encoded, so it is not one.
    private static let numbers: Set<ObjectIdentifier> = [
        ObjectIdentifier(Int.self), ObjectIdentifier(Int8.self), ObjectIdentifier(Int16.self),
        ObjectIdentifier(Int32.self), ObjectIdentifier(Int64.self), ObjectIdentifier(UInt.self),
        ObjectIdentifier(UInt8.self), ObjectIdentifier(UInt16.self), ObjectIdentifier(UInt32.self),
        ObjectIdentifier(UInt64.self), ObjectIdentifier(Float.self), ObjectIdentifier(Double.self),
        ObjectIdentifier(Bool.self),
    ]

    private static func isNumber(_ type: any Any.Type) -> Bool { numbers.contains(ObjectIdentifier(type)) }

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

    /// That of a task if it goes so. The first one of a type decides for all: it has to come out of its Codable form as it was, with a key for
    /// each of its fields, so that a type that says itself how it is encoded is taken at its word.
    static func of<T: IsolatedTask>(_ task: T) -> RawLayout? {
        let id = ObjectIdentifier(T.self)
        if let layout = known.withLock({ $0[id] }) { return layout }
        guard let layout = of(T.self) else { return decide(nil, for: id) }
        guard layout.size(of: task) <= largestSample else { return nil }
        return decide(isSame(task) ? layout : nil, for: id)
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

    private static func isSame<T: IsolatedTask>(_ task: T) -> Bool {
        guard let bytes = try? TaskCoding.encodePlainly(task), let keys = CompactDecoder.keys(of: bytes),
            let fields = TypeDoor.fields(of: T.self), fields.allSatisfy({ keys.contains($0.name) }),
            let back = try? bytes.withUnsafeBytes({ try TaskCoding.decodePlainly(T.self, from: $0) })
        else { return false }
        var texts = ("", "")
        dump(task, to: &texts.0)
        dump(back, to: &texts.1)
        return texts.0 == texts.1
    }

    // MARK: To bytes and back

    private static let noText = UInt32.max

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
        var bytes = Array(UnsafeRawBufferPointer(values))
        guard !texts.isEmpty, let start = UnsafeRawPointer(values.baseAddress) else { return bytes }
        for value in 0..<values.count {
            let place = value * MemoryLayout<Value>.stride
            for text in texts {
                // Where a text lies in this process is nobody else's business.
                for byte in place + text.offset..<place + text.offset + Self.textSize { bytes[byte] = 0 }
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

    /// So many values. Throws ``ProcessPoolError`` when there are more bytes or fewer.
    func values<Value>(_: Value.Type, _ count: Int, from bytes: UnsafeRawBufferPointer) throws -> [Value] {
        let size = MemoryLayout<Value>.stride.multipliedReportingOverflow(by: count)
        guard count >= 0, !size.overflow, bytes.count >= size.partialValue,
            let ranges = Self.texts(count * texts.count, in: bytes, from: size.partialValue)
        else { throw ProcessPoolError.broken("\(bytes.count) bytes for \(count) of \(Value.self)") }
        // One copy of them all: element by element it would take ten times as long.
        // proof: every byte of them is written, and those of the texts once more, as texts, before they count.
        return [Value](unsafeUninitializedCapacity: count) { values, filled in
            let target = UnsafeMutableRawBufferPointer(values)
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<size.partialValue]))
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
