#if GTK
internal import CGTK
import Glibc

/// Asks for a folder with the desktop's own dialog.
@MainActor
public final class FolderChooser {
    private let dialog: OpaquePointer
    private let chosen: @MainActor (Folder) -> Void
    private var connection: gulong = 0

    /// What was chosen.
    public struct Folder: Sendable {
        /// Its path as the system has it: any bytes but 0.
        public let bytes: [UInt8]
        /// Its path as text, for showing; what is no UTF-8 is replaced.
        public var path: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Opens the dialog over `window` and returns at once; `chosen` is called on the main actor with the folder, once, and not
    /// at all when the user cancels or the window goes. `folder` is where the dialog begins, as the bytes of its path.
    public static func open(
        over window: Window, title: String, startingIn folder: [UInt8]? = nil,
        _ chosen: @escaping @MainActor (Folder) -> Void
    ) {
        guard !window.hasGone else { return }
        let chooser = FolderChooser(window, title, folder, chosen)
        // The connection holds it until it is cut.
        chooser.connection = Callback.connect(chooser.dialog, "response") { arguments in
            chooser.answered(arguments.number)
            return false
        }
        window.onClosed { [weak chooser] in chooser?.finish() }
        gtk_native_dialog_show(UnsafeMutablePointer(chooser.dialog))
    }

    private init(
        _ window: Window, _ title: String, _ folder: [UInt8]?, _ chosen: @escaping @MainActor (Folder) -> Void
    ) {
        self.chosen = chosen
        dialog = gtk_file_chooser_native_new(
            title, window.pointer, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, nil, nil)
        guard let folder else { return }
        let file = (folder + [0]).withUnsafeBytes { g_file_new_for_path($0.baseAddress) }
        guard let file else { return }
        gtk_file_chooser_set_current_folder(dialog, file, nil)
        g_object_unref(UnsafeMutableRawPointer(file))
    }

    isolated deinit { g_object_unref(UnsafeMutableRawPointer(dialog)) }

    private func answered(_ answer: gint) {
        let path = answer == GTK_RESPONSE_ACCEPT.rawValue ? chosenPath : nil
        finish()
        if let path { chosen(Folder(bytes: path)) }
    }

    private var chosenPath: [UInt8]? {
        guard let file = gtk_file_chooser_get_file(dialog) else { return nil }
        defer { g_object_unref(UnsafeMutableRawPointer(file)) }
        guard let path = g_file_get_path(file) else { return nil }
        defer { g_free(path) }
        return Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }

    /// The dialog goes, and with its connection what holds this.
    private func finish() {
        gtk_native_dialog_hide(UnsafeMutablePointer(dialog))
        if connection != 0 { g_signal_handler_disconnect(UnsafeMutableRawPointer(dialog), connection) }
        connection = 0
    }
}
#endif
