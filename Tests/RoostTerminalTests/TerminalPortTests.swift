import RoostTerminal
import RoostTesting
import Testing

@Suite("Terminal as a delivery port")
struct TerminalPortTests {
    @Test("passes the conformance suite")
    func conformance() async {
        let failures = await DeliveryConformance("terminal", patience: .seconds(300)) {
            var options = Terminal.Options(descriptor: 2)
            options.isInteractive = false
            return .init(port: Terminal(options))
        }.run()
        for failure in failures { Issue.record(failure) }
    }
}
