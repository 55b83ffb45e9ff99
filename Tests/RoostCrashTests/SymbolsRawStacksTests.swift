import CRoostStacks
import Foundation
import Glibc
import RoostSymbols
import Synchronization
import Testing

@Suite struct RawStacksTests {
    @Test func filesOfAMapAreFoundWithAllTheirParts() {
        let images = RawStacks.images(
            """
            55e0c0000000-55e0c0001000 r--p 00000000 fe:00 1234                       /opt/a program
            55e0c0001000-55e0c0005000 r-xp 00001000 fe:00 1234                       /opt/a program
            7f0000000000-7f0000100000 rw-p 00000000 00:00 0
            7f0000200000-7f0000201000 r-xp 00000000 fe:00 99                         /lib/libc.so.6
            7f0000300000-7f0000301000 rw-s 00000000 00:01 7                          /memfd:roost-control (deleted)
            7f0000400000-7f0000401000 rw-s 00000000 00:01 7                          /dev/zero (deleted)
            7f0000500000-7f0000501000 r-xp 00000000 00:00 0                          [vdso]
            """)
        #expect(images.map(\.path) == ["/opt/a program", "/lib/libc.so.6"])
        #expect(images.map(\.name) == ["a program", "libc.so.6"])
        #expect(images[0].start == 0x55e0_c000_0000 && images[0].end == 0x55e0_c000_5000)
    }

    /// A file with thousands of parts does not take the room of the others.
    @Test func everyFileOfAFullMapIsThere() throws {
        let path = NSTemporaryDirectory() + "roost-parts-\(UUID().uuidString)"
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        defer {
            close(file)
            unlink(path)
        }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        try #require(ftruncate(file, off_t(page * 6_000)) == 0)
        // No two of them follow each other in the file: each is a line of its own.
        let parts = (0..<3_000).map { mmap(nil, page, PROT_READ, MAP_SHARED, file, off_t($0 * 2 * page)) }
        defer { for part in parts { munmap(part, page) } }
        roost_stacks_prepare()
        let (images, own) = Self.memory.withLock { stacks in
            // All have answered, and write no more.
            roost_stacks_take(stacks, nil, 1_000_000_000)
            return (RawStacks(stacks).images, roost_stack_frames(roost_stacks_at(stacks, 0)).pointee)
        }
        #expect(images.contains { $0.name == (path as NSString).lastPathComponent })
        #expect(images.contains { $0.name.hasPrefix("libc.so") } && images.contains { $0.name.hasPrefix("libstdc++") })
        #expect(own == 0 || images.contains { $0.start <= own && own < $0.end })
    }

    /// Never given back, as that of a process that crashes: threads may answer late.
    private static let memory = Mutex(UnsafeMutablePointer<roost_stacks>.allocate(capacity: 1))

    @Test(arguments: [
        "", "/", "x-y r-xp /a", "2-1 r-xp 0 0 0 /a", "-", "1- /a", "ffffffffffffffffff-1 x /a", "\n\n/-\n",
    ])
    func whatIsNoMapIsLeftOut(_ text: String) {
        #expect(RawStacks.images(text).isEmpty)
    }
}
