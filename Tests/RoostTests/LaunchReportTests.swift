import Testing

@testable import Roost

@Suite struct LaunchReportTests {
    private var report: LaunchReport {
        var report = LaunchReport(
            program: "thumbnailer", mode: .normal,
            stages: [
                .init(name: "cache folder", importance: .required, place: .worker, limit: .seconds(10)),
                .init(name: "decoder check", importance: .optional, place: .worker, limit: .seconds(5)),
                .init(name: "main window", importance: .required, place: .mainActor, limit: .seconds(1)),
            ])
        report.outcome = .launched
        report.total = .milliseconds(5_700)
        report.stages[0].began = .zero
        report.stages[0].ended = .milliseconds(12)
        report.stages[0].outcome = .done
        report.stages[0].attempts = 1
        report.stages[1].began = .milliseconds(12)
        report.stages[1].ended = .milliseconds(5_012)
        report.stages[1].outcome = .skipped("it took longer than 5 s")
        report.stages[1].attempts = 1
        report.stages[1].undo = .failed("the disk\nis full")
        return report
    }

    @Test func oneLineWhenAllWentWell() {
        var report = report
        for index in report.stages.indices {
            report.stages[index].outcome = .done
            report.stages[index].undo = nil
        }
        #expect("\(report)" == "thumbnailer started in 5.7 s")
    }

    @Test func aLineForEachStageThatWasNotSimplyDone() {
        #expect(
            "\(report)" == """
                thumbnailer started in 5.7 s
                  'decoder check' skipped after 5 s: it took longer than 5 s; not undone: the disk\u{FFFD}is full
                  'main window' not reached
                """)
    }

    @Test func theJSONHasAllOfIt() throws {
        let value = try JSONParser.parse(report.json)
        #expect(value["format"].string == "roost-launch-1")
        #expect(value["outcome"].string == "launched")
        #expect(value["totalNs"].integer == 5_700_000_000)
        let stages = try #require(value["stages"].array)
        #expect(stages.map { $0["name"].string } == ["cache folder", "decoder check", "main window"])
        #expect(stages.map { $0["beganNs"].integer } == [0, 12_000_000, nil])
        #expect(stages.map { $0["endedNs"].integer } == [12_000_000, 5_012_000_000, nil])
        #expect(stages.map { $0["limitNs"].integer } == [10_000_000_000, 5_000_000_000, 1_000_000_000])
        #expect(stages.map { $0["outcome"].string } == ["done", "skipped", "not reached"])
        #expect(stages.map { $0["reason"].string } == [nil, "it took longer than 5 s", nil])
        #expect(stages.map { $0["importance"].string } == ["required", "optional", "required"])
        #expect(stages.map { $0["place"].string } == ["worker", "worker", "main actor"])
        #expect(stages.map { $0["attempts"].integer } == [1, 1, 0])
        #expect(stages.map { $0["undo"].string } == [nil, "failed: the disk\nis full", nil])
    }
}
