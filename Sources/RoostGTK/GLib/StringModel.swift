#if GTK
internal import CGTK
import Glibc

/// GTK's list of strings, which grids and lists show.
@MainActor
enum StringModel {
    static func count(_ model: OpaquePointer) -> Int { Int(g_list_model_get_n_items(model)) }

    /// Adds them behind the others, as one change: GTK looks through the whole list at each.
    static func append(_ strings: [String], to model: OpaquePointer) {
        var copies = strings.map { strdup($0).map { UnsafePointer($0) } }
        defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
        copies.append(nil)
        copies.withUnsafeBufferPointer {
            gtk_string_list_splice(model, g_list_model_get_n_items(model), 0, $0.baseAddress)
        }
    }

    static func removeAll(of model: OpaquePointer) {
        gtk_string_list_splice(model, 0, g_list_model_get_n_items(model), nil)
    }
}
#endif
