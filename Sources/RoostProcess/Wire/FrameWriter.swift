import CRoostProcess
import Roost

/// Puts frames into a ring, from any thread.
final class FrameWriter: @unchecked Sendable {  // proof: the ring is one writer's, and `lock` makes all threads one
    private let ring: OpaquePointer
    private let lock = Locked(())

    init(ring: OpaquePointer) {
        self.ring = ring
    }

    enum Wait {
        /// False at once when there is no room.
        case never
        case forEver
    }

    /// Writes a frame and wakes the reader; false when there was no room, or nobody reads any more.
    func write(
        _ kind: FrameKind, flags: FrameFlags = [], slot: Int = 0, element: Int = 0, extra: Int = 0, number: UInt64 = 0,
        _ bytes: [UInt8] = [], wait: Wait = .never, wakes: Bool = true
    ) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var frame = roost_frame(
                size: UInt32(bytes.count), kind: kind.rawValue, flags: flags.rawValue, slot: UInt16(slot),
                element: UInt32(element), extra: UInt32(extra), number: number)
            return lock.withLock { _ in
                while true {
                    if let room = roost_ring_room(ring, &frame) {
                        if let start = bytes.baseAddress { room.copyMemory(from: start, byteCount: bytes.count) }
                        roost_ring_add(ring, frame.size)
                        if wakes { roost_ring_wake_reader(ring) }
                        return true
                    }
                    guard case .forEver = wait, roost_ring_wait_for_room(ring, frame.size, -1) == 0 else {
                        return false
                    }
                }
            }
        }
    }

    func wakeReader() { roost_ring_wake_reader(ring) }
}
