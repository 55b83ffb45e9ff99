import Roost

/// Where a value has texts that is nothing but texts and trivial values: it can cross as the bytes that it has in memory, with its texts
/// behind them. Only to a worker that was built from the very same code, and only from the app, whose memory is trusted.
struct RawLayout: Sendable {
    struct Text {
        let offset: Int
        let isOptional: Bool
    }
    let texts: [Text]

    /// Nil for a type that has something else, too, and for one that is too large to be copied about.
    init?<Value>(of _: Value.Type) {
        guard MemoryLayout<Value>.size > 0, MemoryLayout<Value>.stride <= 16 * 1024 else { return nil }
        guard !_isPOD(Value.self) else {
            texts = []
            return
        }
        guard let fields = TypeDoor.fields(of: Value.self), !fields.isEmpty else { return nil }
        var texts: [Text] = []
        for field in fields where !Self.isTrivial(field.type) {
            guard field.type == String.self || field.type == String?.self else { return nil }
            texts.append(Text(offset: field.offset, isOptional: field.type == String?.self))
        }
        self.texts = texts
    }

    private static func isTrivial(_ type: any Any.Type) -> Bool {
        func isTrivial<Field>(_: Field.Type) -> Bool { _isPOD(Field.self) }
        return _openExistential(type, do: isTrivial)
    }

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
    /// each of its fields, so that one that says itself how it is encoded is taken at its word.
    static func of<T: IsolatedTask>(_ task: T) -> RawLayout? {
        let id = ObjectIdentifier(T.self)
        if let layout = known.withLock({ $0[id] }) { return layout }
        let layout = of(T.self).flatMap { isSame(task) ? $0 : nil }
        known.withLock { $0[id] = .some(layout) }
        return layout
    }

    private static func isSame<T: IsolatedTask>(_ task: T) -> Bool {
        guard let bytes = try? TaskCoding.encodePlainly(task),
            let back = try? bytes.withUnsafeBytes({ try TaskCoding.decodePlainly(T.self, from: $0) })
        else { return false }
        if let fields = TypeDoor.fields(of: T.self), !fields.isEmpty {
            guard let keys = CompactDecoder.keys(of: bytes), fields.allSatisfy({ keys.contains($0.name) }) else {
                return false
            }
        }
        var texts = ("", "")
        dump(task, to: &texts.0)
        dump(back, to: &texts.1)
        return texts.0 == texts.1
    }

    // MARK: To bytes and back

    private static let noText = UInt32.max

    /// Values that lie one behind the other, as bytes. Nil when a text is too long for it.
    func bytes<Value>(of values: UnsafeBufferPointer<Value>) -> [UInt8]? {
        var bytes = Array(UnsafeRawBufferPointer(values))
        guard !texts.isEmpty, let start = UnsafeRawPointer(values.baseAddress) else { return bytes }
        for value in 0..<values.count {
            for text in texts {
                let place = start + value * MemoryLayout<Value>.stride + text.offset
                let field = text.isOptional ? place.load(as: String?.self) : place.load(as: String.self)
                guard Self.add(field, to: &bytes) else { return nil }
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
        guard !size.overflow, texts.isEmpty ? bytes.count == size.partialValue : bytes.count >= size.partialValue else {
            throw ProcessPoolError.broken("\(bytes.count) bytes for \(count) of \(Value.self)")
        }
        // One copy of them all: element by element it would take ten times as long.
        // proof: every byte of them is written, and those of the texts once more, as texts, before they count.
        return try [Value](unsafeUninitializedCapacity: count) { values, filled in
            let start = UnsafeMutableRawBufferPointer(values)
            start.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<size.partialValue]))
            if !texts.isEmpty, let start = start.baseAddress {
                try fill(start, MemoryLayout<Value>.stride, count, from: bytes[size.partialValue...])
            }
            filled = count
        }
    }

    /// Puts the texts in their places, over what the bytes of the others say there.
    private func fill(
        _ start: UnsafeMutableRawPointer, _ stride: Int, _ count: Int, from bytes: Slice<UnsafeRawBufferPointer>
    ) throws {
        var left = bytes
        for value in 0..<count {
            for text in texts {
                let place = start + value * stride + text.offset
                let field = try Self.text(from: &left)
                if text.isOptional {
                    place.initializeMemory(as: String?.self, to: field)
                } else {
                    place.initializeMemory(as: String.self, to: field ?? "")
                }
            }
        }
        guard left.isEmpty else { throw ProcessPoolError.broken("\(left.count) bytes too many") }
    }

    private static func text(from bytes: inout Slice<UnsafeRawBufferPointer>) throws -> String? {
        guard bytes.count >= 4 else { throw ProcessPoolError.broken("a text that is cut off") }
        let size = UInt32(
            littleEndian: UnsafeRawBufferPointer(rebasing: bytes.prefix(4)).loadUnaligned(as: UInt32.self))
        bytes = bytes.dropFirst(4)
        guard size != noText else { return nil }
        guard bytes.count >= Int(size) else { throw ProcessPoolError.broken("a text that is cut off") }
        defer { bytes = bytes.dropFirst(Int(size)) }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(size))), as: UTF8.self)
    }
}
