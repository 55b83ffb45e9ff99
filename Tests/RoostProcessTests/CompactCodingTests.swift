import Foundation
import Testing

@testable import RoostProcess

@Suite struct CompactCodingTests {
    // MARK: Values come back as they were

    private func roundTrip<Value: Codable & Equatable>(
        _ value: Value, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = try CompactEncoder.encode(value)
        let back = try bytes.withUnsafeBytes { try CompactDecoder.decode(Value.self, from: $0) }
        #expect(back == value, sourceLocation: sourceLocation)
    }

    @Test func numbersOfAllKinds() throws {
        try roundTrip([Int.min, -129, -128, -1, 0, 1, 127, 128, .max])
        try roundTrip([UInt64.min, 127, 128, UInt64(Int64.max), UInt64(Int64.max) + 1, .max])
        try roundTrip([Int8.min, .max])
        try roundTrip([Int16.min, .max])
        try roundTrip([Int32.min, .max])
        try roundTrip([Int64.min, .max])
        try roundTrip([UInt16.min, .max])
        try roundTrip([UInt32.min, .max])
        try roundTrip([UInt.min, .max])
        try roundTrip([Double.infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .pi])
        try roundTrip([Float.infinity, -.infinity, 0, .leastNonzeroMagnitude, .pi])
        let bytes = try CompactEncoder.encode([Double.nan])
        #expect(try bytes.withUnsafeBytes { try CompactDecoder.decode([Double].self, from: $0) }[0].isNaN)
    }

    @Test func textBytesAndTruth() throws {
        try roundTrip(["", "a", "ü", "👩‍👩‍👧", String(repeating: "x", count: 70_000), "a\0b"])
        try roundTrip([true, false])
        try roundTrip([[UInt8](), [0], [255, 0, 1]])
        try roundTrip([UInt8](repeating: 7, count: 100_000))
        try roundTrip(Data([1, 2, 255]))
        try roundTrip(URL(string: "https://example.org/a?b=c"))
        try roundTrip(Date(timeIntervalSince1970: 1.5))
        try roundTrip(Decimal(string: "12.34"))
        try roundTrip(UUID())
    }

    @Test func optionalsCollectionsAndEnums() throws {
        try roundTrip([Int?.some(1), nil, 3])
        try roundTrip(Int??.some(nil) == nil)
        try roundTrip(["a": [1, 2], "": []])
        try roundTrip([1: "a", -2: "b"])
        try roundTrip(Set(["a", "b"]))
        try roundTrip([Shape.circle(radius: 1.5), .none, .named("x", [.none, .circle(radius: 2)])])
        try roundTrip([[Int]]())
        try roundTrip(1...5)
        try roundTrip(Duration.milliseconds(1_500))
    }

    private indirect enum Shape: Codable, Equatable {
        case none
        case circle(radius: Double)
        case named(String, [Shape])
    }

    @Test func structsInStructsWithOptionalFields() throws {
        try roundTrip(Person(name: "A", age: 3, parent: [Person(name: "B", age: nil, parent: [])]))
        try roundTrip(Person(name: "", age: .max, parent: []))
    }

    private struct Person: Codable, Equatable {
        var name: String
        var age: Int?
        var parent: [Person]
    }

    @Test func keysLongerThanAByteSays() throws {
        try roundTrip([
            String(repeating: "k", count: 254): 1, String(repeating: "l", count: 255): 2,
            String(repeating: "m", count: 70_000): 3,
        ])
    }

    // MARK: Containers used in unusual ways

    /// Two nested ones filled by turns, then another key.
    private struct Interleaved: Codable, Equatable {
        var numbers: [Int]
        var names: [String: Int]
        var last: Int

        init(_ numbers: [Int], _ names: [String: Int], _ last: Int) {
            (self.numbers, self.names, self.last) = (numbers, names, last)
        }

        enum Keys: String, CodingKey { case numbers, names, last }
        struct Name: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            var numbers = container.nestedUnkeyedContainer(forKey: .numbers)
            var names = container.nestedContainer(keyedBy: Name.self, forKey: .names)
            try container.encode(last, forKey: .last)
            for (number, name) in zip(self.numbers, self.names.sorted { $0.key < $1.key }) {
                try numbers.encode(number)
                try names.encode(name.value, forKey: Name(stringValue: name.key))
            }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            last = try container.decode(Int.self, forKey: .last)
            var numbers = try container.nestedUnkeyedContainer(forKey: .numbers)
            self.numbers = []
            while !numbers.isAtEnd { self.numbers.append(try numbers.decode(Int.self)) }
            let names = try container.nestedContainer(keyedBy: Name.self, forKey: .names)
            self.names = [:]
            for key in names.allKeys { self.names[key.stringValue] = try names.decode(Int.self, forKey: key) }
        }
    }

    @Test func containersFilledByTurns() throws {
        try roundTrip([Interleaved([1, 2, 300], ["a": 1, "b": 2, "c": 3], 4), Interleaved([], [:], 5)])
        try roundTrip(["x": [Interleaved([1], ["a": 1], 4)], "y": []])
    }

    private class Base: Codable {
        var a: Int
        init(a: Int) { self.a = a }
    }
    private final class Derived: Base {
        var b: String
        init(a: Int, b: String) {
            self.b = b
            super.init(a: a)
        }
        enum Keys: String, CodingKey { case b }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try super.encode(to: container.superEncoder())
            try container.encode(b, forKey: .b)
        }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            b = try container.decode(String.self, forKey: .b)
            try super.init(from: container.superDecoder())
        }
    }
    /// Its superclass writes into the same container.
    private final class Sharing: Base {
        var c: Int
        init(a: Int, c: Int) {
            self.c = c
            super.init(a: a)
        }
        enum Keys: String, CodingKey { case c }
        override func encode(to encoder: any Encoder) throws {
            try super.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(c, forKey: .c)
        }
        required init(from decoder: any Decoder) throws {
            c = try decoder.container(keyedBy: Keys.self).decode(Int.self, forKey: .c)
            try super.init(from: decoder)
        }
    }

    @Test func classesWithTheirSuperclasses() throws {
        let bytes = try CompactEncoder.encode([Derived(a: 1, b: "x"), Derived(a: 2, b: "y")])
        let back = try bytes.withUnsafeBytes { try CompactDecoder.decode([Derived].self, from: $0) }
        #expect(back.map(\.a) == [1, 2] && back.map(\.b) == ["x", "y"])
        let shared = try CompactEncoder.encode([Sharing(a: 3, c: 4), Sharing(a: 5, c: 6)])
        let other = try shared.withUnsafeBytes { try CompactDecoder.decode([Sharing].self, from: $0) }
        #expect(other.map(\.a) == [3, 5] && other.map(\.c) == [4, 6])
    }

    private struct Refusing: Codable, Equatable {
        struct Refusal: Error {}
        var refuses = true
        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode("begun")
            if refuses { throw Refusal() }
        }
        init(refuses: Bool) { self.refuses = refuses }
        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            #expect(try container.decode(String.self) == "begun")
            refuses = false
        }
    }
    private struct Forgiving: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Interleaved.Name.self)
            try container.encode(1, forKey: .init(stringValue: "before"))
            try? container.encode(Refusing(refuses: true), forKey: .init(stringValue: "refused"))
            var list = container.nestedUnkeyedContainer(forKey: .init(stringValue: "list"))
            try? list.encode(Refusing(refuses: true))
            try list.encode(Refusing(refuses: false))
        }
    }
    private struct Lenient: Decodable, Equatable {
        var before: Int
        var refused: Int?
        var list: [Refusing]
    }

    @Test func aValueThatThrowsLeavesNothingBehind() throws {
        let bytes = try CompactEncoder.encode(Forgiving())
        let back = try bytes.withUnsafeBytes { try CompactDecoder.decode(Lenient.self, from: $0) }
        #expect(back == Lenient(before: 1, refused: nil, list: [Refusing(refuses: false)]))
    }

    private struct Silent: Codable, Equatable {
        init() {}
        func encode(to encoder: any Encoder) {}
        init(from decoder: any Decoder) {}
    }

    @Test func aValueThatWritesNothing() throws {
        try roundTrip([Silent(), Silent()])
        try roundTrip(["a": Silent()])
    }

    @Test func bytesReadOneByOne() throws {
        struct List: Decodable {
            var sum = 0
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                #expect(container.count == 3)
                while !container.isAtEnd { sum += try container.decode(Int.self) }
                #expect(throws: DecodingError.self) { try container.decode(Int.self) }
            }
        }
        let bytes = try CompactEncoder.encode([200, 1, 2] as [UInt8])
        #expect(try bytes.withUnsafeBytes { try CompactDecoder.decode(List.self, from: $0) }.sum == 203)
        let list = try CompactEncoder.encode([200, 1, 2] as [Int])
        #expect(try list.withUnsafeBytes { try CompactDecoder.decode([UInt8].self, from: $0) } == [200, 1, 2])
    }

    // MARK: What cannot be

    private struct Newer: Decodable {
        var name: String
        var age: Int?
        var added: Int
    }

    @Test func otherVersionsAreTold() throws {
        let bytes = try CompactEncoder.encode([Person(name: "A", age: 300, parent: [])])
        #expect {
            try bytes.withUnsafeBytes { try CompactDecoder.decode([Newer].self, from: $0) }
        } throws: { error in
            guard case DecodingError.keyNotFound(let key, _) = error else { return false }
            return key.stringValue == "added"
        }
        struct Narrow: Decodable { var age: Int8 }
        #expect {
            try bytes.withUnsafeBytes { try CompactDecoder.decode([Narrow].self, from: $0) }
        } throws: { error in
            guard case DecodingError.dataCorrupted(let context) = error else { return false }
            return context.codingPath.last?.stringValue == "age" && context.debugDescription.contains("Int8")
        }
        struct Other: Decodable { var name: Int }
        #expect {
            try bytes.withUnsafeBytes { try CompactDecoder.decode([Other].self, from: $0) }
        } throws: { error in
            guard case DecodingError.typeMismatch(let type, _) = error else { return false }
            return type == Int.self
        }
    }

    private final class Endless: Codable {
        var next: Endless?
        init() { next = self }
    }
    private indirect enum Chain: Codable {
        case end
        case link(Chain)
    }

    @Test func whatHoldsItselfIsRefused() throws {
        let endless = Endless()
        #expect(throws: EncodingError.self) { try CompactEncoder.encode(endless) }
        endless.next = nil
    }

    @Test func depthIsBoundedOnTheOtherSideToo() throws {
        // keyed { "": keyed { … } }, deeper than any value may be; on a thread with half the stack that whoever reads has.
        var bytes: [UInt8] = [CompactTag.null.rawValue]
        for _ in 0..<5_000 {
            var size = UInt32(bytes.count + 5).littleEndian
            let head = [CompactTag.keyed.rawValue] + withUnsafeBytes(of: &size) { Array($0) }
            bytes = head + [4] + Array("next".utf8) + bytes
        }
        let wrong = bytes
        let isDone = DispatchSemaphore(value: 0)
        let thread = Thread {
            defer { isDone.signal() }
            #expect(throws: DecodingError.self) {
                try wrong.withUnsafeBytes { try CompactDecoder.decode(Endless.self, from: $0) }
            }
        }
        thread.stackSize = 2 << 20
        thread.start()
        isDone.wait()
    }

    @Test(arguments: [1, 2, 3, 4])
    func anyBytesAreAnErrorAtWorst(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let value = [
            Person(name: "abc", age: 500, parent: [Person(name: "d", age: nil, parent: [])]),
            Person(name: "", age: -1, parent: []),
        ]
        let good = try CompactEncoder.encode(value)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
            _ = try? bytes.withUnsafeBytes { try CompactDecoder.decode([Person].self, from: $0) }
            _ = try? bytes.withUnsafeBytes { try CompactDecoder.decode([Shape].self, from: $0) }
            _ = try? bytes.withUnsafeBytes { try CompactDecoder.decode([String: [UInt8]].self, from: $0) }
        }
    }
}
