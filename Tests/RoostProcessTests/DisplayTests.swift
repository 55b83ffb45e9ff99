import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// A worker opens no window before it is known to be one.
@Suite struct DisplayTests {
    /// Without its variable Wayland's library opens the first display there is.
    @Test(arguments: [nil, "wayland-0", "wayland-7"]) func aWorkerThatForgetsFindsNoDisplay(
        _ name: String?
    ) async throws {
        let corner = try Corner()
        Gate.open(corner.path(name ?? "wayland-0"))
        let environment: [String: String?] = [
            "XDG_RUNTIME_DIR": corner.folder, "WAYLAND_DISPLAY": name, "WAYLAND_SOCKET": "7", "DISPLAY": ":7",
            "ROOST_TEST_FORGETS": "display",
        ]
        let pool = try SmokeTests.pool {
            $0.executable = .path(TestWorker.otherPath)
            $0.environment = environment
            $0.onOutput = { _ in }
        }
        let error = try #require(await pool.start(Add(1, 1)).ending.poolError)
        #expect(error.code == .noWorkerEntry && error.message.contains("no window was opened"), "\(error)")
        await pool.close()
    }

    /// Once it is known to be one, a worker has the app's.
    @Test(arguments: [nil, "wayland-7"]) func aWorkerHasTheDisplaysOfTheApp(_ name: String?) async throws {
        let pool = try SmokeTests.pool { $0.environment = ["WAYLAND_DISPLAY": name, "DISPLAY": ":7"] }
        #expect(try await pool.run(ReadVariable("WAYLAND_DISPLAY")) == name)
        #expect(try await pool.run(ReadVariable("DISPLAY")) == ":7")
        await pool.close()
    }
}
