#if Window
import Foundation
import Testing

@testable import ProgramTesting

/// A home whose pictures folder a person could have.
final class PhotographedHome {
    let workspace: Workspace
    let count: Int
    private let names: [String]

    init(landscapes: String, isDark: Bool) throws {
        workspace = try Workspace()
        names = try FileManager.default.contentsOfDirectory(atPath: landscapes).sorted()
        count = names.count
        try #require(count > 20, "too few pictures in '\(landscapes)'")
        try writeLook(isDark: isDark)
        try workspace.makeFolder("home/Pictures")
        try workspace.makeFolder("home/.config/gtk-4.0")
        try workspace.write("XDG_PICTURES_DIR=\"$HOME/Pictures\"\n", to: "home/.config/user-dirs.dirs")
        try workspace.write(
            """
            [Settings]
            gtk-application-prefer-dark-theme=\(isDark)
            gtk-enable-animations=false
            gtk-font-name=Cantarell 11

            """, to: "home/.config/gtk-4.0/settings.ini")
        for name in names {
            try FileManager.default.copyItem(atPath: landscapes + "/" + name, toPath: pictures + "/" + name)
        }
    }

    /// What the window manager draws around windows: as little as can be, in the colours of GTK's theme.
    var look: String { workspace.path("look") }

    private func writeLook(isDark: Bool) throws {
        try workspace.makeFolder("look/themes/Plain/openbox-3")
        try workspace.write(
            """
            <?xml version="1.0"?>
            <openbox_config xmlns="http://openbox.org/3.4/rc">
              <theme>
                <name>Plain</name>
                <titleLayout>LC</titleLayout>
                <font place="ActiveWindow"><name>Cantarell</name><size>11</size><weight>bold</weight></font>
                <font place="InactiveWindow"><name>Cantarell</name><size>11</size><weight>bold</weight></font>
              </theme>
            </openbox_config>

            """, to: "look/rc.xml")
        let (ground, ink) = isDark ? ("#303030", "#eeeeec") : ("#ebebeb", "#2e3436")
        var theme = ["border.width: 0", "padding.height: 9", "padding.width: 12", "window.client.padding.width: 0"]
        theme += ["window.client.padding.height: 0", "window.handle.width: 0", "window.label.text.justify: center"]
        for state in ["active", "inactive"] {
            theme += ["window.\(state).title.bg: flat solid", "window.\(state).title.bg.color: \(ground)"]
            theme += ["window.\(state).label.bg: parentrelative", "window.\(state).label.text.color: \(ink)"]
            theme += ["window.\(state).title.separator.color: \(ground)"]
            for button in ["unpressed", "pressed", "hover", "disabled"] {
                theme += ["window.\(state).button.\(button).bg: parentrelative"]
                theme += ["window.\(state).button.\(button).image.color: \(ink)"]
            }
        }
        try workspace.write(theme.joined(separator: "\n") + "\n", to: "look/themes/Plain/openbox-3/themerc")
    }

    var pictures: String { workspace.path("home/Pictures") }
    /// How many pictures come before the endless one.
    var half: Int { count / 2 }

    func makeEmptyFolder(_ name: String) throws -> String { try workspace.makeFolder("home/" + name) }

    /// Sorted behind the first half.
    private var endless: String { "home/Pictures/" + names[half - 1].prefix(10) + " Northern lights.svg" }

    func addEndlessPicture() throws { try writeEndlessPicture(to: endless) }

    private func writeEndlessPicture(to name: String) throws {
        let shape = #"<rect width="1000" height="1000" filter="url(#f)"/>"#
        let filter = #"<feTurbulence type="turbulence" baseFrequency="0.05" numOctaves="9"/>"#
        try workspace.write(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000"><defs><filter id="f" x="0" y="0" \
            width="1" height="1">\(filter)</filter></defs>\(String(repeating: shape, count: 8_000))</svg>
            """, to: name)
    }

    func removeEndlessPicture() throws { try FileManager.default.removeItem(atPath: workspace.path(endless)) }

    /// What one finds on a disk that is some years old; before the others, where it is in sight.
    func addBrokenPictures() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: pictures + "/" + names[3]))
        let half = URL(fileURLWithPath: pictures + "/2023-11-04 Ferry (copy was interrupted).jpg")
        try whole.prefix(whole.count / 5).write(to: half)
        try Data().write(to: URL(fileURLWithPath: pictures + "/2023-11-18 Screenshot.png"))
        try workspace.write("<html><title>404 Not Found</title></html>\n", to: "home/Pictures/2023-12-02 download.jpg")
        // A poster that nobody has the patience for, and another that ends whatever draws it.
        try writeEndlessPicture(to: "home/Pictures/2023-12-09 Poster.svg")
        let matrix = #"<feConvolveMatrix order="21" kernelMatrix="\#(String(repeating: "1 ", count: 441))"/>"#
        try workspace.write(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><defs><filter id="f">\(matrix)</filter></defs>\
            <rect width="400" height="400" filter="url(#f)"/></svg>
            """, to: "home/Pictures/2023-12-16 Poster.svg")
    }
}
#endif
