import BenchSupport
import CRoostCrash
import Glibc

/// Programs that crash: how long after the fault its number stands in the page, and how long until all that is known lies on the disk.
enum Faults {
    static func measure(_ count: Int, _ place: Place) throws -> Values {
        var noted = [Double]()
        var stored = [Double]()
        let watch = inotify_init1(Int32(IN_CLOEXEC))
        defer { close(watch) }
        guard inotify_add_watch(watch, place.store + "/runs", UInt32(IN_CLOSE_WRITE)) >= 0 else {
            throw Wrong(what: "no inotify")
        }
        for _ in 0..<count {
            let child = try place.start(["fault", place.store])
            let done = try copied(watch)
            var status: Int32 = 0
            waitpid(child, &status, 0)
            let begin = place.number
            guard status & 0x7F == SIGSEGV, begin != 0 else {
                throw Wrong(what: "it ended with \(status)")
            }
            // What it calls a signal is complete when it takes this time; the first bytes are earlier.
            noted.append(Double(try page(of: child, place) - Int64(begin)) / 1e3)
            stored.append(Double(done - begin) / 1e6)
        }
        return [
            "noted_us": noted.median, "noted_max_us": noted.max()!, "stored_ms": stored.median,
            "stored_max_ms": stored.max()!,
        ]
    }

    /// When the handler closed the copy, which is on the disk by then.
    private static func copied(_ watch: Int32) throws -> UInt64 {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var waiting = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 20_000) > 0 else { throw Wrong(what: "no copy of the page") }
            let time = now()
            let size = read(watch, &buffer, buffer.count)
            guard size > 0 else { throw Wrong(what: "no events") }
            // Of a record, or of the copy: names are the run's, with another end.
            if String(decoding: buffer[..<size], as: UTF8.self).contains(".crash") { return time }
        }
    }

    /// The time in the page of this process.
    private static func page(of child: pid_t, _ place: Place) throws -> Int64 {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(place.session + "/roost-bench-crash/*", 0, nil, &found) == 0 else {
            throw Wrong(what: "no page at all")
        }
        for index in 0..<Int(found.gl_pathc) {
            guard let path = found.gl_pathv[index] else { continue }
            let file = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            var page = roost_crash_page()
            guard read(file, &page, MemoryLayout<roost_crash_page>.size) == MemoryLayout<roost_crash_page>.size,
                page.process == child
            else { continue }
            unlink(path)
            guard page.first.number == SIGSEGV else { throw Wrong(what: "the page has signal \(page.first.number)") }
            return page.first.clock_ns
        }
        throw Wrong(what: "no page of \(child)")
    }
}
