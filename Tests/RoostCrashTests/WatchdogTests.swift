import Foundation
import RoostCrash
import Testing

/// A watchdog in a real program, whose main thread really hangs.
@Suite(.serialized) struct WatchdogTests {
    /// What is said while it hangs, with the text for people.
    private func began(_ program: CensusProgram) throws -> (hang: Hang, text: String) {
        #expect(program.line() == "began")
        let hang: Hang = try program.value()
        var text: [String] = []
        while let line = program.line(), line != "." { text.append(line) }
        return (hang, text.joined(separator: "\n"))
    }

    private func ended(_ program: CensusProgram) throws -> Hang {
        #expect(program.line() == "ended")
        return try program.value()
    }

    /// Looks for a function of the program's, and the very line that is marked.
    private func expect(_ function: String, _ mark: String, in hang: Hang) throws {
        let line = try CensusMark.line(mark, in: "CensusTestApp/Hanging.swift")
        let frame = hang.main?.stack?.frames.first { $0.symbol?.contains(function) == true }
        #expect(frame != nil, "\(function) is not in the stack: \(hang)")
        #expect(frame?.line == line && frame?.file?.hasSuffix("Hanging.swift") == true, "\(hang)")
    }

    @Test func aBusyMainThreadIsToldWhileItIsBusy() throws {
        let program = try CensusProgram("hang", "busy", "FIFO")
        let (hang, _) = try began(program)
        #expect(!hang.isOver && hang.lasted >= .milliseconds(250) && hang.lasted < .milliseconds(1_500))
        #expect(hang.main?.kind == .main && hang.holders.isEmpty)
        try expect("computeOnMain", "busy", in: hang)
        let over = try ended(program)
        #expect(over.isOver && over.number == hang.number && over.lasted >= .milliseconds(1_000))
        #expect(program.line() == "over")
        #expect(program.status() == 0)
    }

    @Test func theHolderOfAPthreadMutexIsNamed() throws {
        let program = try CensusProgram("hang", "pthread", "FIFO")
        let (hang, text) = try began(program)
        try expect("waitForLockOnMain", "pthread", in: hang)
        let holder = try #require(hang.holders.first)
        #expect(hang.main?.wait?.lock?.kind == .pthreadMutex && hang.main?.wait?.lock?.holder == holder.id)
        #expect(holder.work?.worker == "hold the lock" && holder.work?.scope == "kitchen")
        #expect(holder.stack?.frames.contains { $0.symbol?.contains("readInTheWorker") == true } == true)
        #expect(text.contains("held up by worker 'hold the lock'"))
        // The holder's read goes on as if nothing had been.
        try program.feed("go on")
        #expect(try ended(program).isOver)
        #expect(program.line() == "over")
    }

    @Test func theHolderOfASwiftMutexIsNamed() throws {
        let program = try CensusProgram("hang", "mutex", "FIFO")
        let (hang, _) = try began(program)
        try expect("waitForMutexOnMain", "mutex", in: hang)
        let holder = try #require(hang.holders.first)
        #expect(hang.main?.wait?.lock?.kind == .mutex && holder.name == "holds Mutex")
        #expect(holder.stack?.frames.contains { $0.symbol?.contains("readInTheWorker") == true } == true)
        try program.feed("go on")
        #expect(try ended(program).isOver)
        #expect(program.line() == "over")
    }

    @Test func aReadIsNamedWithItsFileAndNotDisturbed() throws {
        let program = try CensusProgram("hang", "fifo", "FIFO")
        let (hang, text) = try began(program)
        try expect("readOnMain", "fifo", in: hang)
        #expect(hang.main?.wait?.systemCall == "read" && hang.holders.isEmpty)
        #expect(hang.main?.wait?.arguments.hasSuffix("→ \(program.fifo)") == true)
        #expect(text.contains(program.fifo))
        try program.feed("hello")
        // What it read, and that the hang was over: in either order.
        let next = [program.line(), program.line(), program.line()]
        #expect(next.contains("read 5") && next.contains("ended"))
        #expect(program.line() == "over")
    }

    @Test func aStormOfHangsIsBounded() throws {
        let program = try CensusProgram("hang", "storm", "FIFO")
        let lines = program.text().split(separator: "\n")
        #expect(lines.count { $0 == "began" } == 3 && lines.count { $0 == "ended" } == 3)
        let untold = try #require(lines.compactMap { $0.hasPrefix("untold ") ? Int($0.dropFirst(7)) : nil }.first)
        #expect(untold >= 1)
        #expect(lines.last == "over")
    }

    /// A machine that takes the main thread alone from its processor makes a hang: once in three times is enough.
    @Test func aStoppedProcessDoesNotHang() throws {
        var told: [String] = []
        for _ in 0..<3 {
            told = try toldOfAStoppedProcess()
            if told.isEmpty { return }
        }
        Issue.record("\(told.joined(separator: "\n"))")
    }

    /// What it said, unless it was what it should have said.
    private func toldOfAStoppedProcess() throws -> [String] {
        let program = try CensusProgram("stopped")
        #expect(program.line() == "watched")
        for pause in [2_000_000, 600_000, 600_000, 600_000] as [UInt32] {
            kill(program.id, SIGSTOP)
            // It is to be stopped for so long: nothing tells how long is over.
            usleep(pause)
            kill(program.id, SIGCONT)
            // And goes on for a while, so that it could be told.
            usleep(400_000)
        }
        // Then it hangs in earnest: nothing was told before.
        try program.type("hang\n")
        let (hang, text) = try began(program)
        let isComputing = hang.main?.stack?.frames.contains { $0.symbol?.contains("computeOnMain") == true } == true
        let over = try ended(program)
        let last = program.line()
        let isRight = hang.number == 1 && isComputing && over.lasted < .milliseconds(900) && last == "over"
        return isRight ? [] : [text, "\(over)", last ?? "nothing more"]
    }
}
