import CProgramDoor
import Glibc

/// What happens in one folder, as inotify tells it.
final class FolderWatch {
    struct Event {
        let mask: UInt32
        let name: String
    }

    let descriptor: Int32
    private(set) var events: [Event] = []
    /// When an event was read last.
    private(set) var lastEventAt: ContinuousClock.Instant?
    /// The names under which whole thumbnails have appeared.
    private(set) var thumbnails: Set<String> = []

    private static let mask = UInt32(IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE)

    init(_ folder: String) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0, inotify_add_watch(descriptor, folder, Self.mask) >= 0 else {
            throw LaunchError(call: "inotify on \(folder)", errno: errno)
        }
    }

    deinit { close(descriptor) }

    /// Takes the events there are; does not wait.
    func read() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            lastEventAt = .now
            take(buffer[..<count])
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        // struct inotify_event: watch, mask, cookie and length of four bytes each, then the name padded with zeros.
        var rest = bytes
        func word(at offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(rest[rest.startIndex + offset + $1]) << (8 * UInt32($1)) }
        }
        while rest.count >= 16 {
            let length = Int(word(at: 12))
            let name = String(decoding: rest.dropFirst(16).prefix(length).prefix { $0 != 0 }, as: UTF8.self)
            let event = Event(mask: word(at: 4), name: name)
            rest = rest.dropFirst(16 + length)
            events.append(event)
            if event.mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0, name.hasSuffix(".png"), !name.hasPrefix(".") {
                thumbnails.insert(name)
            }
        }
    }
}
