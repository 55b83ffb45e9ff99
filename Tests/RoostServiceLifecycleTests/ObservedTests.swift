#if ServiceLifecycle && Logging && Metrics
import Glibc
import Roost
import Testing

@Suite("A program whose end is in lines and numbers", .serialized)
struct ObservedTests {
    @Test("the last line and the last number are written before the process ends, by a signal, however slow they are")
    func lastOnes() throws {
        let outcome = try ServiceProgram.run("observed", signal: SIGTERM)
        #expect(outcome.wasSignalled && outcome.status == SIGTERM)
        #expect(outcome.log.contains("error worker failed and nobody looked broken"), "\(outcome.log)")
        #expect(outcome.log.contains { $0.hasPrefix("info shutdown began") }, "\(outcome.log)")
        #expect(outcome.log.last?.hasPrefix("info shutdown ended") == true, "\(outcome.log)")
        let numbers = outcome.numbers
        #expect(numbers.contains("roost_workers_started 2"), "\(numbers)")
        #expect(numbers.contains("roost_workers_ended stopped 1"), "\(numbers)")
        #expect(numbers.contains("roost_workers_ended failed 1"), "\(numbers)")
        #expect(numbers.contains("roost_unobserved_failures 1"), "\(numbers)")
        #expect(numbers.contains { $0.hasPrefix("roost_shutdown_duration ") }, "\(numbers)")
    }
}
#endif
