import RoostCrashReport

extension ThreadCensus: CustomStringConvertible {
    /// For people: a line for each thread and its stack, those that hold something up first; threads that all wait in the same place are one entry.
    public var description: String {
        let groups = folded
        var lines = [summary]
        let columns = groups.map { Self.columns($0) }
        let widths = (0..<3).map { column in columns.map { $0[column].count }.max() ?? 0 }
        for (group, columns) in zip(groups, columns) {
            let cells = zip(columns, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            lines.append("  " + cells.joined(separator: "  ") + "  " + columns[3])
            lines += group[0].lines.map { "      " + $0 }
        }
        if let problem { lines.append("  not certain: \(problem)") }
        return lines.joined(separator: "\n")
    }

    /// How many there are, in one line.
    public var summary: String {
        let running = threads.count { $0.state == .running }
        let silent = threads.count { $0.stack == nil }
        return "\(threads.count) threads of process \(process): \(running) running, \(threads.count - running) waiting"
            + (silent > 0 ? ", \(silent) without a stack" : "")
    }

    /// Those that hold something up first.
    private var folded: [[ThreadRecord]] {
        struct Place: Hashable { var kind: ThreadKind, addresses: [UInt64?], call: String?, problem: String? }
        var groups: [[ThreadRecord]] = []
        var idle: [Place: Int] = [:]
        let holders = Set(threads.compactMap { $0.wait?.lock?.holder })
        for thread in threads {
            let isIdle =
                thread.state == .sleeping && thread.work == nil && thread.wait?.lock == nil && thread.kind != .main
            guard isIdle, !holders.contains(thread.id) else {
                groups.append([thread])
                continue
            }
            let place = Place(
                kind: thread.kind, addresses: thread.stack?.frames.map { $0.address?.rawValue } ?? [],
                call: thread.wait?.systemCall, problem: thread.stackProblem)
            if let known = idle[place] {
                groups[known].append(thread)
            } else {
                idle[place] = groups.count
                groups.append([thread])
            }
        }
        func rank(_ thread: ThreadRecord) -> Int {
            if thread.kind == .main { return 0 }
            if holders.contains(thread.id) { return 1 }
            if thread.wait?.lock != nil { return 2 }
            if [.uninterruptible, .traced, .stopped].contains(thread.state) { return 3 }
            if thread.work != nil { return 4 }
            return thread.state == .running ? 5 : 6
        }
        return groups.enumerated().sorted { (rank($0.element[0]), $0.offset) < (rank($1.element[0]), $1.offset) }.map(
            \.element)
    }

    private static func columns(_ group: [ThreadRecord]) -> [String] {
        let thread = group[0]
        let cpu = group.reduce(Duration.zero) { $0 + $1.cpuTime }
        let number = group.count == 1 ? "\(thread.id)" : "\(thread.id) and \(group.count - 1) more"
        let name = thread.kind == .main ? "\(thread.kind)" : "'\(thread.name)' \(thread.kind)"
        return [number, thread.state.rawValue, "\(Amount.of(cpu)) CPU", name]
    }
}

extension ThreadRecord {
    /// What it works on, what it waits in, and its stack, line by line.
    var lines: [String] {
        var lines: [String] = []
        if let work { lines.append("\(work)") }
        if let wait {
            let what = wait.lock.map { ": \($0)" } ?? wait.joined.map { ": the end of thread \($0)" }
            lines.append("waits in \(wait)\(what ?? "")")
        }
        if let stackProblem { lines.append("no stack: \(stackProblem)") }
        if let stack {
            // Its first line is the thread again.
            lines += stack.description.split(separator: "\n").dropFirst().map(String.init)
        }
        return lines
    }
}
