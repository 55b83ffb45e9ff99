import BenchSupport
import Glibc
import Roost
import RoostProcess

/// The sums of the words that were read and of those that were written, which both sides compute.
struct Sums: Equatable {
    var read: UInt64 = 0
    var written: UInt64 = 0

    /// The work itself, the same in a worker and in one process.
    @inline(never)
    static func ofInverting(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Sums {
        var sums = Sums()
        guard let from = source.baseAddress, let to = target.baseAddress else { return sums }
        for place in stride(from: 0, to: source.count, by: 8) {
            let word = from.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let other = word ^ 0xA5A5_A5A5_A5A5_A5A5
            to.storeBytes(of: other, toByteOffset: place, as: UInt64.self)
            sums.read &+= word
            sums.written &+= other
        }
        return sums
    }

    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard let start = bytes.baseAddress else { return 0 }
        return stride(from: 0, to: bytes.count, by: 8).reduce(0) {
            $0 &+ start.loadUnaligned(fromByteOffset: $1, as: UInt64.self)
        }
    }
}

/// 100 MB in and out; another input each time, made and looked at while the clock stands.
enum Transfers {
    static let size = 100_000_000

    static func throughWorker(_ repeats: Int) throws -> Values {
        try offTheMainActor {
            let pool = try makePool(workers: 1)
            _ = try await pool.run(Add(left: 1, right: 2))
            var millis = [Double]()
            for round in 0..<repeats {
                let input = try Bytes(count: size) { fill($0, round) }
                let begin = now()
                let output = try await pool.run(Invert(bytes: input))
                millis.append(Double(now() - begin) / 1e6)
                let sums = Sums(
                    read: input.withUnsafeBytes { Sums.of($0) }, written: output.bytes.withUnsafeBytes { Sums.of($0) })
                guard Sums(read: output.read, written: output.written) == sums, sums.read != sums.written else {
                    throw Wrong(what: "the sums of the worker are not those of what came back")
                }
                guard round > 0 || isInverse(input, output.bytes) else {
                    throw Wrong(what: "what came back is not the inverse")
                }
            }
            await pool.close()
            return values(millis)
        }
    }

    /// The same work here: into memory that is kept, or into new memory each time.
    static func inOneProcess(_ repeats: Int, keepsMemory: Bool) -> Values {
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        var output = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        var millis = [Double]()
        for round in 0..<repeats {
            fill(input, round)
            let begin = now()
            if !keepsMemory {
                output.deallocate()
                output = .allocate(byteCount: size, alignment: 64)
            }
            let sums = Sums.ofInverting(UnsafeRawBufferPointer(input), into: output)
            millis.append(Double(now() - begin) / 1e6)
            precondition(sums.read != sums.written && sums.written == Sums.of(UnsafeRawBufferPointer(output)))
        }
        return values(millis)
    }

    private static func values(_ millis: [Double]) -> Values {
        ["first_ms": millis[0], "ms": Array(millis.dropFirst()).median, "worst_ms": millis.dropFirst().max() ?? 0]
    }

    private static func fill(_ bytes: UnsafeMutableRawBufferPointer, _ round: Int) {
        var word = UInt64(round) &* 0x9E37_79B9_7F4A_7C15
        for place in stride(from: 0, to: bytes.count, by: 8) {
            word = word &* 6_364_136_223_846_793_005 &+ 1
            bytes.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
        }
    }

    private static func isInverse(_ input: Bytes, _ output: Bytes) -> Bool {
        input.withUnsafeBytes { input in
            output.withUnsafeBytes { output in
                input.count == output.count && input.indices.allSatisfy { output[$0] == input[$0] ^ 0xA5 }
            }
        }
    }
}
