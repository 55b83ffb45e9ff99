import CRoostStacks
import RoostCrashReport

/// The stacks of a process's threads: numbers, and the files that were mapped. Of one that crashed, or of this one.
package struct RawStacks: Codable, Sendable, Hashable {
    package struct Thread: Codable, Sendable, Hashable {
        package var id: Int32
        package var name: String
        /// The innermost first: where it was, then return addresses.
        package var frames: [UInt64]
        package var isCut: Bool

        package init(id: Int32, name: String, frames: [UInt64], isCut: Bool = false) {
            self.id = id
            self.name = name
            self.frames = frames
            self.isCut = isCut
        }
    }

    /// A file that lies in memory from `start` to `end`.
    package struct Image: Codable, Sendable, Hashable {
        package var path: String
        package var start: UInt64
        package var end: UInt64
        /// What the linker put into the file to tell it from other builds; nil when nobody looked, or it has none.
        package var build: BuildID?

        package init(path: String, start: UInt64, end: UInt64, build: BuildID? = nil) {
            self.path = path
            self.start = start
            self.end = end
            self.build = build
        }

        package var name: String { String(path.split(separator: "/").last ?? "") }
    }

    /// The one that crashed first.
    package var threads: [Thread] = []
    package var omitted = 0
    /// In the order of their addresses.
    package var images: [Image] = []
    /// The bytes at which it crashed.
    package var instruction: UInt32?

    package init(threads: [Thread], images: [Image]) {
        self.threads = threads
        self.images = images
    }

    /// What is in memory that a process wrote: it has crashed, and may have written anything.
    package init(_ stacks: UnsafePointer<roost_stacks>) {
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
                    id: stack.pointee.thread, name: TerminalText.line(String(decoding: name, as: UTF8.self)),
                    frames: Array(frames), isCut: stack.pointee.is_cut != 0))
        }
        let maps = UnsafeRawBufferPointer(
            start: roost_stacks_maps(stacks), count: min(Int(stacks.pointee.maps_size), Int(ROOST_STACK_MAPS)))
        images = Self.images(String(decoding: maps, as: UTF8.self))
    }

    /// The files in a text of the form of `/proc/PID/maps`.
    package static func images(_ maps: String) -> [Image] {
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

    package func image(at address: UInt64) -> Image? { images.first { $0.start <= address && address < $0.end } }

    /// Whether the thread stopped at an instruction that is there for that purpose.
    package var isTrapInstruction: Bool? {
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
