import Testing

@testable import ProgramTesting

/// In a shell with job control: Ctrl-Z gives the terminal back, `fg` draws again, Ctrl-C ends. `words` stand in what the
/// program draws.
func expectTheStopKeyToGiveTheTerminalBack(
    _ command: String, drawing words: String, in workspace: Workspace
) throws {
    let shell = try Program(Launch("/bin/sh", ["-i"], in: workspace).inTerminal())
    #expect(shell.wait { !shell.terminalBytes.isEmpty })
    let before = try #require(shell.settingsAtStart)
    shell.type(command + "\n")
    #expect(shell.wait { !shell.isCursorShown }, "\(shell.terminalText)")
    // One that has not changed the settings itself: there must be something to restore.
    if shell.settings == before { TerminalSettings.makeRaw(shell.terminal) }
    shell.type("\u{1A}")
    #expect(shell.wait { shell.terminalText.contains("Stopped") }, "\(shell.terminalText)")
    #expect(shell.settings == before && shell.isCursorShown)
    let drawn = shell.terminalBytes.count
    shell.type("fg\n")
    #expect(
        shell.wait { String(decoding: shell.terminalBytes[drawn...], as: UTF8.self).contains(words) },
        "\(shell.terminalText)")
    #expect(shell.wait { !shell.isCursorShown })
    TerminalSettings.makeRaw(shell.terminal)
    shell.type("\u{03}")
    #expect(shell.wait { shell.isCursorShown })
    shell.type("echo status $?\n")
    #expect(shell.wait { shell.terminalText.contains("status 130") }, "\(shell.terminalText)")
    #expect(shell.settings == before)
    shell.type("exit\n")
    #expect(shell.waitForEnd() != nil)
    #expect(workspace.processesLeft().isEmpty)
}
