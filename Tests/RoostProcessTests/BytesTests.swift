import CRoostProcess
import Foundation
import Roost
import Testing

@testable import RoostProcess

@Suite(.serialized) struct BytesTests {
    @Test func largeBytesLieInArenasThatAreUsedAgain() throws {
        let store = ArenaStore.process
        let before = store.arenasInUse
        var bytes: Bytes? = try Bytes(count: 300_000) { $0.initializeMemory(as: UInt8.self, repeating: 3) }
        let id = try #require(bytes?.storage.lease?.arena.id)
        #expect(store.arenasInUse == before + 1)
        #expect(bytes?.array == Array(repeating: 3, count: 300_000))
        bytes = nil
        #expect(store.arenasInUse == before)
        let again = try Bytes(count: 299_999) { _ in }
        #expect(again.storage.lease?.arena.id == id)
    }

    @Test func smallOnesLieInOrdinaryMemory() throws {
        let bytes = try Bytes(copying: [1, 2, 3])
        #expect(bytes.storage.lease == nil)
        #expect(bytes.array == [1, 2, 3])
        #expect(try Bytes(copying: []) == Bytes(copying: []))
        #expect(try bytes != Bytes(copying: [1, 2, 4]))
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 98_304, 98_305, 1 << 20, (1 << 20) + 1, 100_000_000])
    func sizesAreRoundedByAThirdAtTheMost(_ count: Int) {
        let size = ArenaStore.roundedSize(count)
        #expect(size >= count && size >= ArenaStore.smallest)
        #expect(count < ArenaStore.smallest || size * 2 <= count * 3)
    }

    @Test func otherEncodersGetTheContents() throws {
        let bytes = try Bytes(copying: [1, 2, 3])
        let json = try JSONEncoder().encode([bytes])
        #expect(String(decoding: json, as: UTF8.self) == "[[1,2,3]]")
        #expect(try JSONDecoder().decode([Bytes].self, from: json) == [bytes])
    }

    /// An arena that its maker lets go of does not stay mapped on the other side.
    @Test func anArenaThatIsGoneIsForgotten() throws {
        var ends: [Int32] = [0, 0]
        #expect(roost_channel(&ends) == 0)
        defer { for end in ends { close(end) } }
        let receiver = Locked<ArenaPort?>(nil)
        let sender = ArenaPort(channel: ends[0]) { news in receiver.withLock { $0 }?.hear(news) }
        let other = ArenaPort(channel: ends[1]) { sender.hear($0) }
        receiver.withLock { $0 = other }
        let payload = try TaskCoding.encode([
            Bytes(count: 100_000) { $0.initializeMemory(as: UInt8.self, repeating: 5) }
        ])
        try sender.lend(payload)
        let bytes = try payload.bytes.withUnsafeBytes { try TaskCoding.decode([Bytes].self, from: $0, port: other) }
        #expect(bytes[0].array == Array(repeating: 5, count: 100_000))
        #expect(other.mappings == 1)
        sender.dropped(try #require(payload.storages.first?.lease?.arena.id))
        #expect(other.mappings == 0)
        // Who reads it goes on.
        #expect(bytes[0].array.count == 100_000)
    }

    @Test func theMemoryOfARingIsTheSameTwiceInARow() throws {
        let page = try Page()
        let ring = page.ring
        let writer = FrameWriter(ring: ring)
        var read = 0
        // Ten times around, with frames of all sizes.
        for number in 0..<1_500 {
            let bytes = (0..<(number * 37) % 3_000).map { UInt8(truncatingIfNeeded: $0 &+ number) }
            while !writer.write(.update, number: UInt64(number), bytes) { read += try take(ring, from: read) }
        }
        while try take(ring, from: read) == 1 { read += 1 }
        #expect(read == 1_500)
        withExtendedLifetime(page) {}
    }

    /// Reads one frame and looks at it; 0 when there is none.
    private func take(_ ring: OpaquePointer, from read: Int) throws -> Int {
        var failure: Int32 = 0
        var header = roost_frame()
        guard let start = roost_ring_peek(ring, &header, &failure) else { return 0 }
        #expect(failure == 0)
        #expect(header.number == UInt64(read))
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(header.size))
        #expect(bytes.count == (read * 37) % 3_000)
        #expect(bytes.enumerated().allSatisfy { $1 == UInt8(truncatingIfNeeded: $0 &+ read) })
        roost_ring_consume(ring, header.size)
        return 1
    }

    @Test func aFrameThatCannotBeIsRefused() throws {
        let page = try Page()
        let ring = page.ring
        #expect(FrameWriter(ring: ring).write(.update, [1, 2, 3]))
        var failure: Int32 = 0
        var header = roost_frame()
        let start = try #require(roost_ring_peek(ring, &header, &failure))
        // The size comes first.
        UnsafeMutableRawPointer(mutating: start - MemoryLayout<roost_frame>.size).storeBytes(
            of: 1_000_000, as: UInt32.self)
        #expect(header.size == 3, "what was found right changes no more")
        #expect(roost_ring_peek(ring, &header, &failure) == nil)
        #expect(failure == EPROTO)
        withExtendedLifetime(page) {}
    }
}

/// The memory that an app and a worker share, with nobody else.
private final class Page {
    private let control: UnsafeMutablePointer<roost_control>
    var ring: OpaquePointer { roost_ring_from_worker(control) }

    init() throws {
        let memory = roost_memory("roost-test", roost_control_size())
        defer { close(memory) }
        control = try #require(roost_control_map(memory))
        roost_control_init(control, getpid(), 0)
    }

    deinit { roost_control_unmap(control) }
}
