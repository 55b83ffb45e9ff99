import CRoostCensus
import CRoostStacks
import CensusTestNative
import RoostCrash
import Testing

/// Asking threads of the tests' own process, none but those that a test has started.
@Suite(.serialized) struct CensusSurveyTests {
    private func thread(_ name: String, in call: String) throws -> Int32 {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            let census = ThreadCensus.take(.init(interrupting: .never, names: false))
            if let found = census.threads.first(where: { $0.name == name && $0.wait?.systemCall == call }) {
                return found.id
            }
        }
        throw Missing()
    }
    private struct Missing: Error {}

    /// A thread that was asked although it cannot hear: the wait for it ends, and the others have answered.
    @Test func theWaitForAnAnswerIsBounded() throws {
        census_thread("hears nothing", census_block_signals, nil)
        census_thread("hears", census_wait, nil)
        let threads = [try thread("hears nothing", in: "pause"), try thread("hears", in: "pause"), Int32.max]
        let survey = try #require(roost_survey_make(threads, 3))
        defer { roost_survey_free(survey) }
        #expect(roost_survey_begin(10_000_000_000) == 0)
        defer { roost_survey_end() }
        let begin = ContinuousClock.now
        #expect(roost_survey_take(survey, 1_000_000_000) == 0)
        let took = ContinuousClock.now - begin
        #expect(took >= .seconds(1) && took < .seconds(8))
        #expect(Int(roost_survey_answer(survey, 0)) == ROOST_ANSWER_LATE)
        #expect(Int(roost_survey_answer(survey, 1)) == ROOST_ANSWER_GIVEN)
        #expect(roost_survey_stack(survey, 1).pointee.count > 2)
        #expect(Int(roost_survey_answer(survey, 2)) == ROOST_ANSWER_GONE)
    }

    /// Whose turn it is not within its time has no stacks, and says so.
    @Test func aTurnThatDoesNotComeIsNotWaitedForLonger() {
        #expect(roost_survey_begin(10_000_000_000) == 0)
        let begin = ContinuousClock.now
        let census = ThreadCensus.take(.init(wait: .milliseconds(50), interrupting: .onlyRestartable))
        let took = ContinuousClock.now - begin
        roost_survey_end()
        #expect(took >= .milliseconds(50) && took < .seconds(5))
        #expect(census.problem == "another census was at work all the time")
        #expect(!census.threads.isEmpty && census.threads.allSatisfy { $0.stack == nil && $0.stackProblem != nil })
    }

    @Test func inlinedCallsStandInTheirOrder() throws {
        census_thread("in inlined", census_wait_inlined, nil)
        let id = try thread("in inlined", in: "pause")
        let census = ThreadCensus.take(.init(wait: .seconds(5), threads: [id]))
        let frames = try #require(census.threads.first?.stack?.frames)
        let inner = try #require(frames.firstIndex { $0.symbol == "inlined_inner" })
        try #require(frames.count > inner + 2)
        #expect(frames[inner].isInlined && frames[inner + 1].isInlined && !frames[inner + 2].isInlined)
        #expect(frames[inner + 1].symbol == "inlined_middle" && frames[inner + 2].symbol == "census_wait_inlined")
        for (place, mark) in zip(inner..., ["inner", "middle", "outer"]) {
            #expect(frames[place].line == (try CensusMark.line(mark, in: "CensusTestNative/native.c")))
        }
    }

    @Test func onlyThreadsThatAreAskedForAreListed() {
        let id = roost_own_thread()
        let census = ThreadCensus.take(.init(interrupting: .onlyRestartable, threads: [id]))
        #expect(census.threads.map(\.id) == [id])
        #expect(census.threads[0].state == .running && census.threads[0].stack != nil)
    }
}
