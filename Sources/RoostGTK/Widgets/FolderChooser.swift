#if GTK
internal import CGTK

/// Asks for a folder with the desktop's own dialog.
@MainActor
public final class FolderChooser {
    private let dialog: OpaquePointer
    private let chosen: @MainActor (String) -> Void

    /// Opens the dialog over `window` and returns at once; `chosen` is called on the main actor with the path of the folder, once,
    /// and not at all when the user cancels or the window goes. In a path that is not UTF-8, what is not is replaced.
    public static func open(
        over window: Window, title: String, startingIn folder: String? = nil,
        _ chosen: @escaping @MainActor (String) -> Void
    ) {
        let chooser = FolderChooser(window, title, folder, chosen)
        let answered: @convention(c) (OpaquePointer, gint, UnsafeMutableRawPointer) -> Void = { _, answer, context in
            MainActor.assumeIsolated {
                // proof: what was retained for this one answer.
                Unmanaged<FolderChooser>.fromOpaque(context).takeRetainedValue().answered(answer)
            }
        }
        g_signal_connect_data(
            UnsafeMutableRawPointer(chooser.dialog), "response",
            // proof: GTK calls a handler of "response" with (dialog, answer, context), once for each dialog shown.
            unsafeBitCast(answered, to: GCallback.self), Unmanaged.passRetained(chooser).toOpaque(), nil,
            GConnectFlags(rawValue: 0))
        gtk_native_dialog_show(UnsafeMutablePointer(chooser.dialog))
    }

    private init(_ window: Window, _ title: String, _ folder: String?, _ chosen: @escaping @MainActor (String) -> Void)
    {
        self.chosen = chosen
        dialog = gtk_file_chooser_native_new(
            title, window.pointer, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, nil, nil)
        guard let folder, let file = g_file_new_for_path(folder) else { return }
        gtk_file_chooser_set_current_folder(dialog, file, nil)
        g_object_unref(UnsafeMutableRawPointer(file))
    }

    isolated deinit { g_object_unref(UnsafeMutableRawPointer(dialog)) }

    private func answered(_ answer: gint) {
        guard answer == GTK_RESPONSE_ACCEPT.rawValue, let file = gtk_file_chooser_get_file(dialog) else { return }
        defer { g_object_unref(UnsafeMutableRawPointer(file)) }
        guard let path = g_file_get_path(file) else { return }
        defer { g_free(path) }
        chosen(String(cString: path))
    }
}
#endif
