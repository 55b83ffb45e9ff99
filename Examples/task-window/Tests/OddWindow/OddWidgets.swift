import Glibc
import Roost
import RoostGTK

/// Values that nobody should give to a widget, and somebody does.
@MainActor
enum OddWidgets {
    private static let texts = [
        "", "a\0b", "100 %s %n %d", "under_score __", "<b>bold</b> & <i", "\u{FFFD}\u{202E}\u{0}", "é\u{301}\u{200D}🏳️‍🌈",
        "line\nline\r\ttab",
    ]
    /// For what wraps or has an ellipsis: what GTK draws has at most 32,767 pixels.
    private static let long = String(repeating: "long ", count: 20_000)

    nonisolated static func run() -> Never {
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "a\0b", width: -5, height: .max)
            let label = Label(app).wraps()
            let button = Button(app, "") {}
            let bar = ProgressBar(app)
            let list = TextList(app).expands(vertically: true).named("")
            let grid = PictureGrid(app, side: 0).expands(vertically: true)
            let view = TextView(app).named("")
            let picture = Picture(app)
            let menu = MenuButton(app, "")
            let pages = Pages(app)
            pages.append("", view)
            pages.append("a\0b", picture)
            // Not shown: there is no window that this fits into.
            _ = Box(app, .horizontal, spacing: -3, margin: 100_000)
            window.show(
                Box(app, .vertical, spacing: .min, margin: -1, label, button, bar, list, grid, pages, menu).styled(
                    "", ".x"))
            window.present()
            say("title '\(window.title)'")
            label.text = "a\0b"
            say("label '\(label.text)'")
            for text in texts {
                label.text = text
                button.title = text
                bar.text = text
                window.title = text
                list.append(text)
                _ = label.named(text)
                grid.append([.init(path: text, name: text)])
                menu.append(text) {}
            }
            // More lines, fewer, others, none; what is shown is what GTK has.
            for text in ["one\ntwo", "one\nTWO\nthree", "x", "\n\n", "a\0b\r\nc\u{2029}d", "", "é\u{301}\n\nlast"] {
                view.text = text
                say("view \(view.text.split(separator: "\n", omittingEmptySubsequences: false))")
            }
            view.text = long
            picture.show([]) { say("nothing is a picture: \($0)") }
            // Whichever comes last closes the window.
            var isPicture: Bool?
            var isDrawn = false
            @MainActor func closeWhenDone() {
                guard let isPicture, isDrawn else { return }
                say("a text is a picture: \(isPicture)")
                window.close()
            }
            picture.show(Array("no picture".utf8)) {
                isPicture = $0
                closeWhenDone()
            }
            label.text = long
            list.append(long)
            label.text = "under_score <b>bold</b> 100 %s"
            say("label '\(label.text)'")
            for fraction in [Double.nan, -1, 2, .infinity, -.infinity, .signalingNaN, 0.25] {
                bar.fraction = fraction
                say("\(fraction) is \(bar.fraction)")
            }
            bar.minimumHeight = .max
            bar.minimumHeight = -7
            say("least height \(bar.minimumHeight)")
            let begun = MonotonicTime.now
            for n in 1...100_000 { list.append("line \(n)") }
            // Drawn, scrolled through and emptied.
            GLib.after(200) {
                say("list \(list.count) \(MonotonicTime.now - begun < .seconds(5) ? "soon" : "late")")
                list.removeAll()
                grid.removeAll()
                say("empty \(list.count) \(grid.count)")
                GLib.after(100) {
                    isDrawn = true
                    closeWhenDone()
                }
            }
        }
    }
}
