extension Timeline {
    /// The timeline as a picture that opens in any browser: an SVG document on its own, without scripts, fonts or files.
    /// The same timeline gives the same text.
    ///
    /// Bars stand in a lane for each kind, in the order they began, over an axis with round times. What the whole was held
    /// to is a dashed line, the limit of one bar a short stroke. Late ones are hatched, and marked with a triangle and the
    /// word; the critical chain has a heavy outline, numbers and arrows: neither needs colour to be seen. The colours are those of
    /// Okabe and Ito (jfly.uni-koeln.de/color), which people who see fewer of them tell apart as well.
    ///
    /// Of a lane with more than 30 bars the critical chain, then the late, then the longest are shown, and how many
    /// more there were is said. Names are shortened to one line; the whole text (up to 400 characters) is each bar's tooltip.
    public var svg: String {
        var picture = TimelinePicture(self)
        return picture.draw()
    }
}
