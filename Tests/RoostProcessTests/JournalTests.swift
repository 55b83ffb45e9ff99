import CRoostProcess
import Glibc
import Testing

@testable import RoostProcess

@Suite struct JournalTests {
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
