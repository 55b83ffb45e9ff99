import CRoostCrash
import CRoostLedger
import CRoostStacks
import Glibc
import RoostCrashReport
import RoostSymbols

/// A page that a process left behind, read with distrust: the process was broken when it wrote there.
struct LeftPage {
    var end: RunRecord.End?
    var isEnding = false
    var crashState = 0
    var first: Noted?
    var others: [CrashSignal] = []
    var message = ""
    var lines: [String] = []
    var activities: [RunActivity] = []
    var crashedActivity: RunActivity?
    var openStage: String?
    var stacks: RawStacks?
    /// Paths that it wanted to have gone at its end, as the system takes them.
    var unlinks: [[CChar]] = []
    /// Process groups that it wanted to have gone: numbers that may be others' by now.
    var groups: [Int32] = []

    /// A signal with what only Roost's own files say of it.
    struct Noted {
        var signal: CrashSignal
        var time: Int64
        var clock: Int64
        var sender: Int32
    }

    /// Reads the bytes of a page's file, or of its copy; nil if they are none. `isSameExecutable` when the process ran the very file that this one
    /// runs.
    init?(_ bytes: [UInt8], isSameExecutable: Bool) {
        let size = Int(ROOST_CRASH_FILE_SIZE)
        guard bytes.count >= size else { return nil }
        // Memory of the right kind, filled with whatever the file holds: numbers and texts of fixed places, each looked at before it is used.
        let stride = MemoryLayout<roost_crash_page>.stride
        let page = UnsafeMutablePointer<roost_crash_page>.allocate(capacity: (size + stride - 1) / stride)
        defer { page.deallocate() }
        bytes.withUnsafeBytes { UnsafeMutableRawPointer(page).copyMemory(from: $0.baseAddress!, byteCount: size) }
        guard roost_crash_is_page(page) != 0 else { return nil }
        readEnd(page)
        readCrash(page)
        readLines(page)
        readWork(page, isSameExecutable: isSameExecutable)
        readFinalizers(page)
    }

    private mutating func readEnd(_ page: UnsafePointer<roost_crash_page>) {
        let number = page.pointee.end_number
        switch Int(page.pointee.end_kind) {
        case ROOST_END_EXIT: end = .exit(number)
        case ROOST_END_SIGNAL: end = .signal(number)
        case ROOST_END_PAST_BUDGET: end = .pastBudget
        case ROOST_END_QUIT: end = .quit
        default: end = nil
        }
        isEnding = page.pointee.ending != 0
    }

    private mutating func readCrash(_ page: UnsafePointer<roost_crash_page>) {
        crashState = Int(page.pointee.crash_state)
        guard crashState >= ROOST_CRASH_NOTED else { return }
        first = Self.noted(page.pointee.first)
        others = [page.pointee.second, page.pointee.nested].compactMap { Self.noted($0)?.signal }
        message = Self.text(roost_crash_message(page), min(Int(page.pointee.message_size), Int(ROOST_CRASH_TEXT)))
        let stacks = RawStacks(roost_crash_stacks(page))
        if !stacks.threads.isEmpty { self.stacks = stacks }
    }

    private static func noted(_ signal: roost_crash_signal) -> Noted? {
        guard signal.number > 0, signal.number < 65 else { return nil }
        var found = CrashSignal(number: signal.number)
        found.code = signal.code
        if signal.code > 0 { found.faultAddress = CrashAddress(rawValue: signal.address) }
        found.stackPointer = CrashAddress(rawValue: signal.stack)
        found.thread = signal.thread
        return Noted(signal: found, time: signal.time_ns, clock: signal.clock_ns, sender: signal.sender)
    }

    private mutating func readLines(_ page: UnsafePointer<roost_crash_page>) {
        var found: [(UInt32, String)] = []
        for index in 0..<UInt32(ROOST_CRASH_LINES) {
            let line = roost_crash_line_at(page, index)
            guard line.pointee.sequence != 0 else { continue }
            let size = min(Int(line.pointee.size), Int(ROOST_CRASH_LINE))
            found.append((line.pointee.sequence, Self.text(roost_crash_line_text(line), size)))
        }
        lines = found.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private mutating func readWork(_ page: UnsafePointer<roost_crash_page>, isSameExecutable: Bool) {
        let ledger = roost_crash_ledger(page)
        var places: [UInt32: String] = [:]
        for index in 0..<min(page.pointee.place_count, UInt32(ROOST_CRASH_PLACES)) {
            let place = roost_crash_place_at(page, index)
            let file = Self.text(roost_crash_place_file(place), Int(ROOST_CRASH_PLACE))
            places[place.pointee.row] = "\(file):\(place.pointee.line)"
        }
        for row in 0..<UInt32(ROOST_LEDGER_SLOTS) {
            let slot = roost_ledger_slot_at(ledger, row)
            guard slot.pointee.busy == 1, slot.pointee.sequence % 2 == 0 else { continue }
            var place = places[row]
            if place == nil, isSameExecutable { place = Self.place(slot.pointee.site, image: page.pointee.image) }
            let ran = first.map { $0.clock.subtractingReportingOverflow(slot.pointee.began_ns) }
            let activity = RunActivity(
                worker: Self.text(roost_ledger_worker(slot), Int(ROOST_LEDGER_NAME)),
                scope: Self.text(roost_ledger_scope(slot), Int(ROOST_LEDGER_NAME)),
                owner: Self.text(roost_ledger_owner(slot), Int(ROOST_LEDGER_OWNER)),
                thread: slot.pointee.thread > 0 ? slot.pointee.thread : nil,
                isProcess: Int(slot.pointee.kind) == ROOST_LEDGER_PROCESS, lastCheckpoint: place,
                ranFor: ran.flatMap { !$0.overflow && $0.partialValue >= 0 ? .nanoseconds($0.partialValue) : nil })
            activities.append(activity)
            if let thread = first?.signal.thread, !activity.isProcess, activity.thread == thread {
                crashedActivity = activity
            }
        }
        var stages: [(Int64, String)] = []
        for row in 0..<UInt32(ROOST_LEDGER_STAGES) {
            let stage = roost_ledger_stage_at(ledger, row)
            guard stage.pointee.open == 1, stage.pointee.sequence % 2 == 0 else { continue }
            stages.append((stage.pointee.began_ns, Self.text(roost_ledger_stage_name(stage), Int(ROOST_LEDGER_NAME))))
        }
        openStage = stages.max { $0.0 < $1.0 }?.1
    }

    /// The place of a checkpoint, from its address in a process of the same executable.
    private static func place(_ site: UInt64, image: UInt64) -> String? {
        guard site != 0, let text = roost_crash_text_of(site >> 16, image) else { return nil }
        let length = strnlen(text, Int(ROOST_CRASH_PLACE))
        return "\(Self.text(text, length)):\(site & 0xFFFF)"
    }

    private mutating func readFinalizers(_ page: UnsafePointer<roost_crash_page>) {
        for index in 0..<UInt32(ROOST_CRASH_FINALIZERS) {
            let finalizer = roost_crash_finalizer_at(page, index)
            switch Int(finalizer.pointee.kind) {
            case ROOST_FINALIZER_UNLINK:
                let path = Self.bytes(roost_crash_finalizer_path(finalizer), Int(ROOST_CRASH_PATH))
                if path.first == UInt8(ascii: "/") { unlinks.append((path + [0]).map { CChar(bitPattern: $0) }) }
            case ROOST_FINALIZER_KILL_GROUP: groups.append(finalizer.pointee.group)
            default: break
            }
        }
    }

    private static func bytes(_ text: UnsafePointer<CChar>, _ room: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: room).prefix { $0 != 0 })
    }

    private static func text(_ text: UnsafePointer<CChar>, _ room: Int) -> String {
        TerminalText.line(String(decoding: bytes(text, room), as: UTF8.self), limit: 1_000)
    }
}
