/// Width and height in pixels.
public struct PixelSize: Sendable, Hashable, Codable {
    /// Pixels from left to right.
    public let width: Int
    /// Pixels from top to bottom.
    public let height: Int

    /// Creates a size of `width` × `height` pixels.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// How many pixels that are; `Int.max` where the product has no room.
    public var area: Int {
        let (product, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow ? .max : product
    }

    /// The same shape fitted into a square of `side` pixels; never larger than it was, never thinner than one pixel.
    func fitted(into side: Int) -> PixelSize {
        let longest = max(width, height)
        guard longest > side else { return self }
        let scale = Double(side) / Double(longest)
        return PixelSize(
            width: max(1, Int((Double(width) * scale).rounded())),
            height: max(1, Int((Double(height) * scale).rounded())))
    }
}
