import CGdkPixbufSystem
import Testing

@testable import ThumbnailKit

@Suite("Reduction")
struct ReductionTests {
    private struct Stop: Error {}

    private func picture(
        _ size: PixelSize, alpha: Bool = false, _ value: (_ x: Int, _ y: Int, _ channel: Int) -> UInt8
    )
        throws -> Pixbuf
    {
        let pointer = try #require(
            gdk_pixbuf_new(GDK_COLORSPACE_RGB, alpha ? 1 : 0, 8, Int32(size.width), Int32(size.height)))
        let pixels = try #require(gdk_pixbuf_get_pixels(pointer))
        let stride = Int(gdk_pixbuf_get_rowstride(pointer))
        let channels = alpha ? 4 : 3
        for y in 0..<size.height {
            for x in 0..<size.width {
                for channel in 0..<channels { pixels[y * stride + x * channels + channel] = value(x, y, channel) }
            }
        }
        return Pixbuf(owning: pointer)
    }

    private func isReduced(_ picture: borrowing Pixbuf, by factor: Int) throws -> Bool {
        if case .none = try picture.reduced(by: factor, checkpoint: {}) { false } else { true }
    }

    private func pixel(_ picture: borrowing Pixbuf, _ x: Int, _ y: Int, _ channel: Int) -> Int {
        let stride = Int(gdk_pixbuf_get_rowstride(picture.pointer))
        let channels = Int(gdk_pixbuf_get_n_channels(picture.pointer))
        return Int(gdk_pixbuf_read_pixels(picture.pointer)[y * stride + x * channels + channel])
    }

    @Test(arguments: [2, 3, 7, 16], [(64, 48), (65, 49), (33, 16), (16, 33)])
    func `every block becomes its average, those cut short too`(factor: Int, size: (Int, Int)) throws {
        let size = PixelSize(width: size.0, height: size.1)
        let value = { (x: Int, y: Int, channel: Int) in UInt8((x * 37 + y * 101 + channel * 59) % 256) }
        let full = try picture(size, value)
        guard let small = try full.reduced(by: factor, checkpoint: {}) else {
            Issue.record("not reduced")
            return
        }
        for y in 0..<(size.height + factor - 1) / factor {
            for x in 0..<(size.width + factor - 1) / factor {
                for channel in 0..<3 {
                    var (sum, count) = (0, 0)
                    for row in y * factor..<min(size.height, (y + 1) * factor) {
                        for column in x * factor..<min(size.width, (x + 1) * factor) {
                            sum += Int(value(column, row, channel))
                            count += 1
                        }
                    }
                    let average = (sum + count / 2) / count
                    #expect(pixel(small, x, y, channel) == average)
                }
            }
        }
    }

    @Test func `the largest block of white stays white`() throws {
        let white = try picture(PixelSize(width: 40, height: 40)) { _, _, _ in 255 }
        guard let small = try white.reduced(by: 16, checkpoint: {}) else {
            Issue.record("not reduced")
            return
        }
        for channel in 0..<3 { #expect(pixel(small, 2, 2, channel) == 255 && pixel(small, 0, 0, channel) == 255) }
    }

    @Test func `what it cannot average is left to gdk-pixbuf`() throws {
        let size = PixelSize(width: 40, height: 40)
        #expect(try !isReduced(picture(size) { _, _, _ in 9 }, by: 1))
        #expect(try !isReduced(picture(size) { _, _, _ in 9 }, by: 17))
        #expect(try isReduced(picture(size) { _, _, _ in 9 }, by: 4))
    }

    @Test(arguments: [2, 3, 16], [(64, 48), (33, 17)])
    func `with an alpha channel pixels count by their opacity`(factor: Int, size: (Int, Int)) throws {
        let size = PixelSize(width: size.0, height: size.1)
        let value = { (x: Int, y: Int, channel: Int) in
            // Every fourth cannot be seen, and is of a colour of its own.
            channel == 3
                ? UInt8((x + y) % 4 == 0 ? 0 : (x * 53 + y * 31) % 256) : UInt8((x * 37 + y * 101 + channel * 59) % 256)
        }
        let full = try picture(size, alpha: true, value)
        guard let small = try full.reduced(by: factor, checkpoint: {}) else {
            Issue.record("not reduced")
            return
        }
        for y in 0..<(size.height + factor - 1) / factor {
            for x in 0..<(size.width + factor - 1) / factor {
                var (sums, opacity, count) = ([0, 0, 0], 0, 0)
                for row in y * factor..<min(size.height, (y + 1) * factor) {
                    for column in x * factor..<min(size.width, (x + 1) * factor) {
                        let alpha = Int(value(column, row, 3))
                        for channel in 0..<3 { sums[channel] += Int(value(column, row, channel)) * alpha }
                        opacity += alpha
                        count += 1
                    }
                }
                for channel in 0..<3 {
                    let average = opacity == 0 ? 0 : (sums[channel] + opacity / 2) / opacity
                    #expect(pixel(small, x, y, channel) == average)
                }
                #expect(pixel(small, x, y, 3) == (opacity + count / 2) / count)
            }
        }
    }

    @Test func `the largest block of opaque white stays so`() throws {
        let white = try picture(PixelSize(width: 40, height: 40), alpha: true) { _, _, _ in 255 }
        guard let small = try white.reduced(by: 16, checkpoint: {}) else {
            Issue.record("not reduced")
            return
        }
        for channel in 0..<4 { #expect(pixel(small, 2, 2, channel) == 255 && pixel(small, 0, 0, channel) == 255) }
    }

    @Test func `a stop ends it within about a megapixel`() throws {
        let full = try picture(PixelSize(width: 4096, height: 1024)) { _, _, _ in 1 }
        var looks = 0
        let whole = try full.reduced(by: 4) { looks += 1 }
        if case .none = whole { Issue.record("not reduced") }
        #expect(looks >= 4)
        looks = 0
        #expect(throws: Stop.self) {
            _ = try full.reduced(by: 4) {
                looks += 1
                if looks == 2 { throw Stop() }
            }
        }
        #expect(looks == 2)
    }
}
