import RoostSymbols
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

    @Test(arguments: [
        "", "/", "x-y r-xp /a", "2-1 r-xp 0 0 0 /a", "-", "1- /a", "ffffffffffffffffff-1 x /a", "\n\n/-\n",
    ])
    func whatIsNoMapIsLeftOut(_ text: String) {
        #expect(RawStacks.images(text).isEmpty)
    }
}
