import CXCB
import Foundation
import Glibc

@testable import ProgramTesting

/// The window manager of a test's desktop, asked as a person's pager asks it, and what the X server itself knows.
///
/// A request takes some ten microseconds: nothing is started for it.
public final class WindowManager {
    /// One window.
    public struct Window: Hashable, Sendable {
        public let id: UInt32
        public let process: pid_t
        public let title: String
    }

    public struct Unavailable: Error, CustomStringConvertible {
        public let description: String
    }

    private let connection: OpaquePointer
    private let root: xcb_window_t
    private var atoms: [String: xcb_atom_t] = [:]

    init(display: String) throws {
        var screen: Int32 = 0
        guard let connection = xcb_connect(display, &screen), xcb_connection_has_error(connection) == 0,
            let setup = xcb_get_setup(connection),
            let first = xcb_setup_roots_iterator(setup).data
        else { throw Unavailable(description: "no connection to \(display)") }
        self.connection = connection
        root = first.pointee.root
    }

    deinit { xcb_disconnect(connection) }

    // MARK: Looking

    /// Whether a window manager is there.
    var isReady: Bool { !values(of: "_NET_SUPPORTING_WM_CHECK", on: root).isEmpty }

    /// The windows it manages, the oldest first.
    public var all: [Window] {
        values(of: "_NET_CLIENT_LIST", on: root).map { window($0) }
    }

    /// A window of this process that can be asked to close and was not shown yet; nil when there is none, or it is shown.
    public func unmapped(of process: pid_t) -> Window? {
        guard let tree = xcb_query_tree_reply(connection, xcb_query_tree(connection, root), nil) else { return nil }
        defer { free(tree) }
        let count = Int(xcb_query_tree_children_length(tree))
        let children = UnsafeBufferPointer(start: xcb_query_tree_children(tree), count: count)
        for id in children where self.process(of: id) == process {
            // A toolkit has one that is never shown, for what concerns all of its windows.
            let leads = values(of: "WM_CLIENT_LEADER", on: id).contains(id)
            let closes = values(of: "WM_PROTOCOLS", on: id).contains(atom("WM_DELETE_WINDOW"))
            if closes, !leads, !isMapped(id) { return window(id) }
        }
        return nil
    }

    /// In pixels.
    public func size(of window: Window) -> [Int]? {
        guard let reply = xcb_get_geometry_reply(connection, xcb_get_geometry(connection, window.id), nil) else {
            return nil
        }
        defer { free(reply) }
        return [Int(reply.pointee.width), Int(reply.pointee.height)]
    }

    /// Whether it is shown.
    public func isMapped(_ window: Window) -> Bool { isMapped(window.id) }

    private func isMapped(_ id: xcb_window_t) -> Bool {
        let request = xcb_get_window_attributes(connection, id)
        guard let reply = xcb_get_window_attributes_reply(connection, request, nil) else { return false }
        defer { free(reply) }
        return reply.pointee.map_state != UInt8(XCB_MAP_STATE_UNMAPPED.rawValue)
    }

    private func window(_ id: xcb_window_t) -> Window {
        let title = String(decoding: bytes(of: "_NET_WM_NAME", on: id), as: UTF8.self)
        return Window(id: id, process: process(of: id), title: title)
    }

    private func process(of id: xcb_window_t) -> pid_t {
        values(of: "_NET_WM_PID", on: id).first.map { pid_t($0) } ?? 0
    }

    // MARK: Asking

    /// Asks the window manager to close the window, as a click on its close button does.
    public func close(_ window: Window) {
        // Time 0, and 2 for a pager.
        send("_NET_CLOSE_WINDOW", [0, 2], about: window.id, to: root, mask: XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT)
    }

    /// Asks the window itself, as its window manager would: one that is not shown yet has none.
    public func closeUnmapped(_ window: Window) {
        let protocols = [atom("WM_DELETE_WINDOW"), 0]
        send("WM_PROTOCOLS", protocols, about: window.id, to: window.id, mask: XCB_EVENT_MASK_NO_EVENT)
    }

    /// Makes it as large as the desktop.
    public func maximize(_ window: Window) {
        // 1 to set both, and 2 for a pager.
        let states = ["_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"].map { atom($0) }
        send(
            "_NET_WM_STATE", [1] + states + [2], about: window.id, to: root,
            mask: XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT)
    }

    /// Gives the desktop behind all windows a colour: 0xRRGGBB.
    public func paintGround(_ color: UInt32) {
        var color = color
        xcb_change_window_attributes(connection, root, XCB_CW_BACK_PIXEL.rawValue, &color)
        xcb_clear_area(connection, 0, root, 0, 0, 0, 0)
        xcb_flush(connection)
    }

    private func send(
        _ message: String, _ values: [UInt32], about window: UInt32, to target: UInt32, mask: xcb_event_mask_t
    ) {
        var event = xcb_client_message_event_t()
        event.response_type = UInt8(XCB_CLIENT_MESSAGE)
        event.format = 32
        event.window = window
        event.type = atom(message)
        withUnsafeMutableBytes(of: &event.data.data32) { data in
            for (index, value) in values.enumerated() {
                data.storeBytes(of: value, toByteOffset: index * 4, as: UInt32.self)
            }
        }
        let bytes = withUnsafeBytes(of: event) { $0.map { CChar(bitPattern: $0) } }
        xcb_send_event(connection, 0, target, mask.rawValue, bytes)
        xcb_flush(connection)
    }

    // MARK: Properties

    private func atom(_ name: String) -> xcb_atom_t {
        if let atom = atoms[name] { return atom }
        let request = xcb_intern_atom(connection, 0, UInt16(name.utf8.count), name)
        guard let reply = xcb_intern_atom_reply(connection, request, nil) else { return 0 }
        defer { free(reply) }
        atoms[name] = reply.pointee.atom
        return reply.pointee.atom
    }

    /// Empty when there is no such property, or no such window any more.
    private func bytes(of property: String, on window: xcb_window_t) -> [UInt8] {
        let request = xcb_get_property(
            connection, 0, window, atom(property), XCB_GET_PROPERTY_TYPE_ANY.rawValue, 0, 4_096)
        guard let reply = xcb_get_property_reply(connection, request, nil) else { return [] }
        defer { free(reply) }
        let count = Int(xcb_get_property_value_length(reply))
        return Array(UnsafeRawBufferPointer(start: xcb_get_property_value(reply), count: count))
    }

    private func values(of property: String, on window: xcb_window_t) -> [UInt32] {
        bytes(of: property, on: window).withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
        }
    }
}
