import CRoostProcess
import CRoostStacks
import Roost

/// The stacks that a crashing worker wrote down: numbers, and the files that were mapped.
struct RawStacks: Codable, Sendable, Hashable {
    struct Thread: Codable, Sendable, Hashable {
        var id: Int32
        var name: String
        /// The innermost first: where it was, then return addresses.
        var frames: [UInt64]
        var isCut: Bool
    }

    /// A file that lies in memory from `start` to `end`.
    struct Image: Codable, Sendable, Hashable {
        var path: String
        var start: UInt64
        var end: UInt64

        var name: String { String(path.split(separator: "/").last ?? "") }
    }

    /// The one that crashed first.
    var threads: [Thread] = []
    var omitted = 0
    var images: [Image] = []
    /// The bytes at which it crashed.
    var instruction: UInt32?

    /// What is in memory that the worker wrote: it has crashed, and may have written anything.
    init(_ stacks: UnsafePointer<roost_stacks>) {
        let count = min(Int(stacks.pointee.count), Int(ROOST_STACK_THREADS))
        omitted = min(Int(stacks.pointee.omitted), 1 << 20)
        if stacks.pointee.has_instruction != 0 { instruction = stacks.pointee.instruction }
        for index in 0..<count {
            let stack = roost_stacks_at(stacks, UInt32(index))
            let name = UnsafeRawBufferPointer(start: roost_stack_name(stack), count: 16).prefix { $0 != 0 }
            let frames = UnsafeBufferPointer(
                start: roost_stack_frames(stack), count: min(Int(stack.pointee.count), Int(ROOST_STACK_FRAMES)))
            threads.append(
                Thread(
                    id: stack.pointee.thread, name: PrintableText.of(String(decoding: name, as: UTF8.self)),
                    frames: Array(frames), isCut: stack.pointee.is_cut != 0))
        }
        let maps = UnsafeRawBufferPointer(
            start: roost_stacks_maps(stacks), count: min(Int(stacks.pointee.maps_size), Int(ROOST_STACK_MAPS)))
        images = Self.images(String(decoding: maps, as: UTF8.self))
    }

    /// The files in a text of the form of `/proc/PID/maps`.
    static func images(_ maps: String) -> [Image] {
        var images: [Image] = []
        for line in maps.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let slash = line.firstIndex(of: UInt8(ascii: "/")) else { continue }
            let border = line.firstIndex(of: UInt8(ascii: "-")) ?? line.endIndex
            guard border < slash, let space = line.firstIndex(of: UInt8(ascii: " ")), border < space,
                let start = UInt64(String(decoding: line[..<border], as: UTF8.self), radix: 16),
                let end = UInt64(String(decoding: line[line.index(after: border)..<space], as: UTF8.self), radix: 16),
                start < end
            else { continue }
            let path = String(decoding: line[slash...], as: UTF8.self)
            // The parts of a file follow each other.
            if let last = images.indices.last, images[last].path == path, images[last].end <= start {
                images[last].end = end
            } else {
                images.append(Image(path: path, start: start, end: end))
            }
        }
        return images.filter { !$0.path.hasPrefix("/dev/") && !$0.path.hasPrefix("/memfd:") }
    }

    func image(at address: UInt64) -> Image? { images.first { $0.start <= address && address < $0.end } }

    /// Whether the thread stopped at an instruction that is there for that purpose.
    var isTrapInstruction: Bool? {
        guard let instruction else { return nil }
        #if arch(x86_64)
        // ud2 and int3.
        return instruction & 0xFFFF == 0x0B0F || instruction & 0xFF == 0xCC
        #elseif arch(arm64)
        // brk.
        return instruction >> 21 == 0b1101_0100_001
        #else
        return nil
        #endif
    }
}
