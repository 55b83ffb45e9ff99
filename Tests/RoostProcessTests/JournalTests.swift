import CRoostProcess
import Foundation
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

    /// Opening a FIFO waits for its other end: whoever sweeps does not, ends what he came for, and leaves alone what is no table.
    @Test func whatIsNoTableHoldsNobodyUp() throws {
        let corner = try Corner()
        let (fifo, left) = (corner.path("a fifo"), corner.path("of an app that is gone"))
        try #require(mkfifo(fifo, 0o600) == 0)
        try FileManager.default.createDirectory(atPath: corner.path("a folder"), withIntermediateDirectories: false)
        try Data("no table".utf8).write(to: URL(fileURLWithPath: corner.path("a word")))
        var table = roost_guard_table()
        roost_guard_init(&table, "\(UUID().uuidString).", left)
        // Of no process that there could be.
        table.app = .max
        try withUnsafeBytes(of: &table) { Data($0) }.write(to: URL(fileURLWithPath: left))
        _ = withUnsafeMutableBytes(of: &table.mark) {
            $0.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
        }
        try withUnsafeBytes(of: &table) { Data($0) }.write(to: URL(fileURLWithPath: corner.path("an endless mark")))
        roost_guard_init(&table, "\(UUID().uuidString).", left)
        (table.app, table.magic) = (.max, 0)
        try withUnsafeBytes(of: &table) { Data($0) }.write(to: URL(fileURLWithPath: corner.path("another program's")))
        let swept = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            Journal.sweep(corner.folder)
            swept.signal()
        }
        #expect(swept.wait(timeout: .now() + 10) == .success)
        // Lets go whoever waits there.
        close(open(fifo, O_RDWR))
        let names = try FileManager.default.contentsOfDirectory(atPath: corner.folder).sorted()
        #expect(names == ["a fifo", "a folder", "a word", "an endless mark", "another program's"])
    }
}
