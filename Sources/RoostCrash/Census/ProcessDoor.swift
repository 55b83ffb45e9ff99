import CRoostCensus
import CRoostLedger
import Glibc
import RoostSymbols

/// What the kernel and the ledger say about this process. Without a lock: another thread may hang while it holds any.
enum ProcessDoor {
    /// All threads, as the kernel knows them.
    static func threads() -> [roost_thread] {
        var room = 256
        while true {
            var threads = [roost_thread](repeating: roost_thread(), count: room)
            let count = Int(roost_threads_read(&threads, UInt32(room)))
            // Some may have begun since.
            if count <= room { return Array(threads.prefix(count)) }
            room = count + 64
        }
    }

    /// The rows of the ledger by their threads.
    static func rows() -> [Int32: roost_ledger_slot] {
        var rows: [Int32: roost_ledger_slot] = [:]
        var row = roost_ledger_slot()
        for index in 0..<UInt32(ROOST_LEDGER_SLOTS) where roost_census_row(index, &row) != 0 {
            guard [ROOST_LEDGER_POOL_THREAD, ROOST_LEDGER_SERIAL_THREAD].contains(Int(row.kind)) else { continue }
            rows[row.thread] = row
        }
        return rows
    }

    static var calls: SystemCall.Door {
        SystemCall.Door(
            file: { descriptor in
                var buffer = [CChar](repeating: 0, count: 1024)
                let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
                guard count > 0 else { return nil }
                return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            },
            pair: { address in
                var pair: (Int64, Int64) = (0, 0)
                return roost_peek(address, &pair, MemoryLayout.size(ofValue: pair)) != 0 ? pair : nil
            },
            hasLimit: { roost_socket_has_limit($0) != 0 })
    }

    static func words(_ address: UInt64, _ count: Int) -> [UInt32]? {
        var words = [UInt32](repeating: 0, count: count)
        return roost_peek(address, &words, count * MemoryLayout<UInt32>.size) != 0 ? words : nil
    }

    /// The files in memory.
    static func images() -> [RawStacks.Image] {
        let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return RawStacks.images(String(decoding: text, as: UTF8.self))
    }

    /// The name of this program's file.
    static let program: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path.split(separator: "/").last ?? "")
    }()
}
