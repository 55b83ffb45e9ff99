import CRoostProcess
import Glibc
import Testing

@testable import RoostProcess

@Suite struct JournalTests {
    /// What was left by a worker of a pool that is gone is ended by its mark, perhaps when there is another pool by then.
    @Test func noTwoPoolsHaveAMarkInCommon() throws {
        let marks = try (0..<50).map { _ in try ProcessPoolCore.mark(1, SmokeTests.pool().core) }
        #expect(Set(marks).count == 50)
        #expect(!marks.contains { mark in marks.contains { $0 != mark && $0.hasPrefix(mark) } })
    }

    /// A process that waits in the kernel takes its signal much later: whoever sweeps does not wait for that.
    @Test func whatDoesNotEndHoldsNobodyUp() {
        var rounds = 0
        #expect(
            !RoostProcess.Marked.endAll("nobody-") { _ in
                rounds += 1
                return 1
            })
        #expect((1...100).contains(rounds))
        rounds = 0
        #expect(
            RoostProcess.Marked.endAll("nobody-") { _ in
                rounds += 1
                return rounds < 4 ? 1 : 0
            })
        #expect(rounds == 4)
    }
}
