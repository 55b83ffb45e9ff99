#if Window
import Glibc
import Roost
import RoostGTK
import ThumbnailKit

/// One timeline: drawn here where the desktop can draw it, and in a browser on demand.
@MainActor
final class TimelinePage {
    let root: Box
    private let window: Window
    private let scope: WorkerScope
    private let name: String
    private let none: String
    private let words: Notice
    private let picture: Picture
    private let open: Button
    private var svg: String?

    init(_ window: Window, _ scope: WorkerScope, name: String, none: String) {
        (self.window, self.scope, self.name, self.none) = (window, scope, name, none)
        let app = window.app
        words = Notice(app).expands(vertically: true)
        picture = Picture(app).expands(vertically: true).named("The \(name) of the last run")
        let link = Link()
        open = Button(app, "_Open in browser") { link.owner?.openInBrowser() }
        root = Box(
            app, .vertical, spacing: 12, margin: 12, picture, words,
            Box(app, .horizontal, spacing: 0, Label(app).expands(), open))
        picture.isVisible = false
        open.isVisible = false
        words.say("Reading what it left…", "")
        link.owner = self
    }

    private final class Link {
        weak var owner: TimelinePage?
    }

    func show(_ svg: String?) {
        self.svg = svg
        open.isVisible = svg != nil
        guard let svg else { return words.say("No picture", none) }
        picture.show(Array(svg.utf8)) { [weak self] isShown in
            guard let self else { return }
            picture.isVisible = isShown
            words.isVisible = !isShown
            words.say("It cannot be drawn here", "A browser shows it.")
        }
    }

    private func openInBrowser() {
        guard let svg, let folder = ReportFolder.folder else { return }
        // A page, not the picture alone: for that many desktops have a viewer, which shows no tooltips.
        let path = "\(folder)/last-\(name).html"
        let page = "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>The \(name) of the last run</title>\n\(svg)"
        let writing = scope.start("write the page") { _ in
            guard let file = fopen(path, "we") else { throw SystemError(path: path, errno: errno) }
            let isWritten = fputs(page, file) >= 0
            guard fclose(file) == 0, isWritten else { throw SystemError(path: path, errno: errno) }
        }
        writing.onEnd { [weak self] ending in
            guard let self else { return }
            if case .finished = ending { return window.open(file: path) }
            picture.isVisible = false
            words.isVisible = true
            words.say("It could not be written", "\(ending)")
        }
    }

    private struct SystemError: Error, CustomStringConvertible {
        let path: String
        let errno: Int32
        var description: String { "cannot write '\(RawPath(path).printable)': \(String(cString: strerror(errno)))" }
    }
}
#endif
