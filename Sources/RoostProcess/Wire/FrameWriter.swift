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

    /// Writes a frame and wakes the reader; false when there was no room, it is larger than any frame may be, or nobody reads any more.
    func write(
        _ kind: FrameKind, flags: FrameFlags = [], slot: Int = 0, element: Int = 0, extra: Int = 0, number: UInt64 = 0,
        _ bytes: [UInt8] = [], wait: Wait = .never, wakes: Bool = true
    ) -> Bool {
        bytes.withUnsafeBytes { bytes in
            let frame = roost_frame(
                size: UInt32(bytes.count), kind: kind.rawValue, flags: flags.rawValue, slot: UInt16(slot),
                element: UInt32(element), extra: UInt32(extra), number: number)
            let place = put(frame, wait: wait) { room in
                if let start = bytes.baseAddress { room.copyMemory(from: start, byteCount: bytes.count) }
            }
            if place != nil, wakes { roost_ring_wake_reader(ring) }
            return place != nil
        }
    }

    /// Makes a run of outputs visible that has none yet, and wakes nobody; returns its bytes, nil when nobody reads any more.
    func begin(_ frame: roost_frame) -> UnsafeMutableRawPointer? {
        put(frame, wait: .forEver) { $0.initializeMemory(as: roost_run.self, to: roost_run()) }
    }

    /// No more of it will come.
    func close(_ run: UnsafeMutablePointer<roost_run>, isLast: Bool) {
        roost_run_close(ring, run, UInt32(isLast ? ROOST_RUN_LAST : ROOST_RUN_CLOSED))
    }

    private func put(
        _ frame: roost_frame, wait: Wait, _ fill: (UnsafeMutableRawPointer) -> Void
    ) -> UnsafeMutableRawPointer? {
        // No room will ever be found for it.
        guard frame.size <= UInt32(ROOST_FRAME_LIMIT) else { return nil }
        var frame = frame
        return lock.withLock { _ in
            while true {
                if let room = roost_ring_room(ring, &frame) {
                    fill(room)
                    roost_ring_add(ring, frame.size)
                    return room
                }
                guard case .forEver = wait, roost_ring_wait_for_room(ring, frame.size, -1) == 0 else { return nil }
            }
        }
    }

    func wakeReader() { roost_ring_wake_reader(ring) }
}
