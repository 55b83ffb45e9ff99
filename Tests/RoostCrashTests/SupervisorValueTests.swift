import Glibc
import RoostCrashReport
import Testing

@testable import RoostCrash

/// What the parent of a supervised program decides, without a process.
@Suite struct SupervisorValueTests {
    // MARK: Restarts

    @Test func aPolicyAllowsSoManyStartsInItsTime() {
        var intensity = RestartIntensity(.automatically(atMost: 2, within: .seconds(10)))
        let begin = ContinuousClock.now
        // At ten the first is so long ago that it does not count any more; the second does.
        let times: [Duration] = [.zero, .seconds(9), .milliseconds(9_999), .seconds(10), .seconds(18), .seconds(19)]
        #expect(times.map { intensity.allowsStart(at: begin + $0) } == [true, true, false, true, false, true])
    }

    @Test func withoutAPolicyThereIsNone() {
        var intensity = RestartIntensity(.never)
        let isAllowed = intensity.allowsStart(at: .now)
        #expect(!isAllowed)
    }

    // MARK: Memory

    @Test func theGroupsCounterIsTheNearerWitness() {
        let before = MemoryKills(group: 3, machine: 10)
        #expect(MemoryKills(group: 4, machine: 10).moved(since: before))
        #expect(!MemoryKills(group: 3, machine: 11).moved(since: before), "somebody else's")
        #expect(MemoryKills(group: nil, machine: 11).moved(since: MemoryKills(group: nil, machine: 10)))
        #expect(!MemoryKills(group: nil, machine: nil).moved(since: before))
    }

    @Test func theCounterOfAGroup() {
        #expect(MemoryKills.count(in: "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n") == 1)
        #expect(MemoryKills.count(in: "low 0\n") == nil)
        let mounts =
            "24 1 0:21 / /sys rw shared:1 - sysfs sysfs rw\n25 24 0:22 ROOT /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        func folder(_ own: String, root: String) -> String? {
            MemoryKills.folder(
                groups: "4:memory:/other\n0::\(own)\n",
                mounts: mounts.split(separator: "ROOT").joined(separator: root))
        }
        #expect(folder("/user/app", root: "/") == "/sys/fs/cgroup/user/app")
        #expect(folder("/", root: "/") == "/sys/fs/cgroup")
        #expect(folder("/box/app", root: "/box") == "/sys/fs/cgroup/app")
        #expect(folder("/boxes", root: "/box") == nil, "another tree")
        #expect(MemoryKills.folder(groups: "0::/app\n", mounts: "") == nil)
    }

    // MARK: Groups

    @Test func aGroupIsTheDeadRunsWhenAllOfItDescendsFromTheParent() {
        func member(_ process: Int32, parent: Int32, group: Int32) -> LeftGroups.Member {
            .init(process: process, parent: parent, group: group)
        }
        let left = LeftGroups([
            member(100, parent: 1, group: 100),  // the parent
            member(110, parent: 100, group: 110), member(111, parent: 110, group: 110),
            // A number that was given away again.
            member(120, parent: 1, group: 120),
            member(130, parent: 100, group: 130), member(131, parent: 1, group: 130),
            // Read while they came and went.
            member(140, parent: 141, group: 140), member(141, parent: 140, group: 140),
        ])
        #expect(left.isWhole(110, below: 100))
        #expect(!left.isWhole(120, below: 100))
        #expect(!left.isWhole(130, below: 100))
        #expect(!left.isWhole(140, below: 100))
        #expect(!left.isWhole(999, below: 100), "nobody is in it")
        #expect(!left.isWhole(1, below: 100))
    }

    @Test func theStatusOfAProcess() {
        let member = LeftGroups.Member("42 (a (strange) name) S 7 40 40 0 -1 4194560", process: 42)
        #expect(member == .init(process: 42, parent: 7, group: 40))
        #expect(LeftGroups.Member("42", process: 42) == nil)
    }

    // MARK: Endings

    private func witness(_ end: ProcessEnd, hasMemoryKill: Bool = false, _ output: String = "") -> RunWitness {
        RunWitness(end: end, time: 0, output: Array(output.utf8), outputIsCut: false, hasMemoryKill: hasMemoryKill)
    }

    private func record(_ end: RunRecord.End?) -> RunRecord {
        var record = RunRecord()
        record.ended = end
        return record
    }

    @Test func whatItSaidOfItselfCountsIfItCameSo() {
        #expect(witness(.exited(3)).ending(record(.exit(3)), nil) == .clean(status: 3))
        #expect(witness(.signalled(15, coreDumped: false)).ending(record(.signal(15)), nil) == .stopped(signal: 15))
        #expect(witness(.exited(70)).ending(record(.pastBudget), nil) == .pastBudget)
        #expect(witness(.signalled(3, coreDumped: false)).ending(record(.quit), nil) == .quit)
        // It fell after it had said so.
        let fault = witness(.signalled(11, coreDumped: true)).ending(record(.exit(0)), nil)
        #expect(fault == .crashed(CrashSignal(number: 11)))
        #expect(witness(.signalled(9, coreDumped: false)).ending(record(.signal(15)), nil) == .killed(nil))
    }

    @Test func onlySIGKILLIsTheKernelsWayOut() {
        let killed = witness(.signalled(9, coreDumped: false), hasMemoryKill: true)
        #expect(killed.ending(record(nil), nil) == .killed(.outOfMemory))
        let other = witness(.signalled(15, coreDumped: false), hasMemoryKill: true)
        #expect(other.ending(record(nil), nil) == .killed(nil))
        #expect(witness(.exited(0)).ending(record(nil), nil) == .killed(nil), "it left without a word")
    }

    @Test func theLastLinesAreWithoutTheHandlersOwn() {
        var seen = witness(
            .exited(0),
            "half a line\nFatal error: so\ntool: crashed; the next start says where, and keeps a report\n\u{1b}[1mend")
        #expect(seen.lines(of: "tool") == ["half a line", "Fatal error: so", "\u{FFFD}[1mend"])
        seen.outputIsCut = true
        #expect(seen.lines(of: "tool").first == "Fatal error: so")
    }
}
