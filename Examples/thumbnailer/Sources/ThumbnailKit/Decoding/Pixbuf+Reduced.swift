import CGdkPixbufSystem

extension Pixbuf {
    /// The largest block whose sums fit 16 bits: 16 × 16 × 255.
    static let largestFactor = 16

    /// This picture with each block of `factor` × `factor` pixels averaged to one, those cut short by the right and the lower
    /// edge too; with an alpha channel, pixels count by their opacity. Nil where that is not to be had: for a factor below 2 or
    /// above 16, or without memory.
    ///
    /// - Parameter checkpoint: Called after about every megapixel of this picture.
    func reduced(by factor: Int, checkpoint: () throws -> Void) throws -> Pixbuf? {
        let channels = gdk_pixbuf_get_n_channels(pointer)
        guard (2...Pixbuf.largestFactor).contains(factor), channels == 3 || channels == 4,
            gdk_pixbuf_get_bits_per_sample(pointer) == 8, let source = gdk_pixbuf_read_pixels(pointer)
        else { return nil }
        let size = size
        let small = PixelSize(width: (size.width + factor - 1) / factor, height: (size.height + factor - 1) / factor)
        guard let result = Pixbuf.empty(small, like: self), let target = gdk_pixbuf_get_pixels(result.pointer) else {
            return nil
        }
        let sourceStride = Int(gdk_pixbuf_get_rowstride(pointer))
        let targetStride = Int(gdk_pixbuf_get_rowstride(result.pointer))
        let rowBytes = size.width * 3
        let sums = UnsafeMutablePointer<UInt16>.allocate(capacity: rowBytes)
        defer { sums.deallocate() }
        var unchecked = 0
        for row in 0..<small.height {
            let rows = min(factor, size.height - row * factor)
            let start = source + row * factor * sourceStride
            let result = target + row * targetStride
            if channels == 4 {
                Pixbuf.averageByOpacity(
                    start, stride: sourceStride, rows: rows, width: size.width, factor: factor, into: result)
            } else {
                sums.initialize(repeating: 0, count: rowBytes)
                for offset in 0..<rows {
                    let line = start + offset * sourceStride
                    for index in 0..<rowBytes { sums[index] &+= UInt16(line[index]) }
                }
                average(sums, rows: rows, width: size.width, factor: factor, into: result)
            }
            unchecked += rows * size.width
            if unchecked >= Pixbuf.bandArea {
                unchecked = 0
                try checkpoint()
            }
        }
        return result
    }

    /// Averages the sums of one row of blocks.
    private func average(
        _ sums: UnsafePointer<UInt16>, rows: Int, width: Int, factor: Int, into target: UnsafeMutablePointer<UInt8>
    ) {
        let wholeReciprocal = Pixbuf.reciprocal(UInt64(factor * rows))
        var pixel = target
        var sum = sums
        var left = width
        while left > 0 {
            let count = min(factor, left)
            left &-= count
            let area = UInt64(count &* rows)
            var (red, green, blue) = (area / 2, area / 2, area / 2)
            for _ in 0..<count {
                red &+= UInt64(sum[0])
                green &+= UInt64(sum[1])
                blue &+= UInt64(sum[2])
                sum += 3
            }
            // Exact for sums of 16 bits, and a division takes as long as a whole block.
            let reciprocal = count == factor ? wholeReciprocal : Pixbuf.reciprocal(area)
            pixel[0] = UInt8(truncatingIfNeeded: (red &* reciprocal) &>> 32)
            pixel[1] = UInt8(truncatingIfNeeded: (green &* reciprocal) &>> 32)
            pixel[2] = UInt8(truncatingIfNeeded: (blue &* reciprocal) &>> 32)
            pixel += 3
        }
    }

    /// Averages one row of blocks of RGBA: what cannot be seen has no colour.
    private static func averageByOpacity(
        _ source: UnsafePointer<UInt8>, stride: Int, rows: Int, width: Int, factor: Int,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        var pixel = target
        var start = 0
        while start < width {
            let count = min(factor, width &- start)
            // At most 16 × 16 × 255 × 255.
            var (red, green, blue, opacity) = (UInt32(0), UInt32(0), UInt32(0), UInt32(0))
            for row in 0..<rows {
                var next = source + (row &* stride &+ start &* 4)
                for _ in 0..<count {
                    let alpha = UInt32(next[3])
                    red &+= UInt32(next[0]) &* alpha
                    green &+= UInt32(next[1]) &* alpha
                    blue &+= UInt32(next[2]) &* alpha
                    opacity &+= alpha
                    next += 4
                }
            }
            let area = UInt32(truncatingIfNeeded: count &* rows)
            let half = opacity / 2
            pixel[0] = opacity == 0 ? 0 : UInt8(truncatingIfNeeded: (red &+ half) / opacity)
            pixel[1] = opacity == 0 ? 0 : UInt8(truncatingIfNeeded: (green &+ half) / opacity)
            pixel[2] = opacity == 0 ? 0 : UInt8(truncatingIfNeeded: (blue &+ half) / opacity)
            pixel[3] = UInt8(truncatingIfNeeded: (opacity &+ area / 2) / area)
            pixel += 4
            start &+= count
        }
    }

    private static func reciprocal(_ area: UInt64) -> UInt64 { ((1 << 32) + area - 1) / area }
}
