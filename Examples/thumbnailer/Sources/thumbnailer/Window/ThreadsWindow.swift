#if Window
import Roost
import RoostCrash
import RoostGTK

/// All threads of the program and what each is doing, looked at anew every second; and on demand the stacks of all of them.
@MainActor
final class ThreadsWindow {
    /// A look takes some milliseconds and may wait for a thread to answer: never on the main thread.
    private let scope = WorkerScope(
        "threads window", pool: WorkerPool(name: "census", configuration: .init(maximumThreads: 1)))
    private let window: Window
    private let summary: Label
    private let list: TextView
    private let take: Button
    private let decoders: @Sendable () -> [Int32]
    private var looking: WorkerHandle<Void, Look>?
    /// How many times somebody has asked for another kind of look: what an earlier one still reports is not shown.
    private var round = 0
    private var isLive = true

    /// What was seen.
    private struct Look: Sendable {
        let summary: String
        let text: String
    }

    /// - Parameter decoders: The process ids of the worker processes there are; called on a worker.
    init(_ app: GTKApplication, decoders: @escaping @Sendable () -> [Int32]) {
        self.decoders = decoders
        window = Window(app, "Threads and workers", width: 820, height: 620)
        summary = Label(app).wraps().expands()
        list = TextView(app).expands(vertically: true).named("Threads")
        let link = Link()
        take = Button(app, "_Take stacks") { link.owner?.takeOrGoOn() }.centersVertically()
        link.owner = self
        let top = Box(app, .horizontal, spacing: 12, margin: 12, summary, take)
        window.closes(scope, within: .seconds(1))
        window.show(Box(app, .vertical, spacing: 0, top, Separator(app), list))
        // Held by the window until it goes.
        window.onClosed { [self] in isLive = false }
        look()
    }

    private final class Link {
        weak var owner: ThreadsWindow?
    }

    func present() { window.present() }
    func close() { window.close() }
    func onClosed(_ action: @escaping @MainActor () -> Void) { window.onClosed(action) }

    /// The stacks stand still, to be read; then it goes on.
    private func takeOrGoOn() {
        isLive.toggle()
        take.title = isLive ? "_Take stacks" : "_Go on"
        look()
    }

    private func look() {
        looking?.stop()
        round += 1
        let round = round
        let (isLive, decoders) = (isLive, decoders)
        // One that is asked for its stack may see a call end early: while somebody only watches, none does.
        let options = ThreadCensus.Options(interrupting: isLive ? .onlyRestartable : .all)
        let handle = scope.start("look at the threads", reporting: Look.self) { worker in
            repeat {
                try worker.checkpoint()
                let census = ThreadCensus.take(options)
                let standing = isLive ? "" : " These stacks stand still until you go on."
                // Its first line stands above it.
                let text = "\(census)".split(separator: "\n").dropFirst().joined(separator: "\n")
                worker.report(Look(summary: Self.summary(of: census, decoders()) + standing, text: text))
                if isLive { try worker.sleep(for: .seconds(1)) }
            } while isLive
        }
        handle.onUpdate { [weak self] look in
            if self?.round == round { self?.show(look) }
        }
        looking = handle
    }

    private func show(_ look: Look) {
        summary.text = look.summary
        list.text = look.text
    }

    nonisolated private static func summary(of census: ThreadCensus, _ decoders: [Int32]) -> String {
        let numbers = decoders.map(String.init).joined(separator: ", ")
        switch decoders.count {
        case 0: return "\(census.summary). No picture is decoded in another process."
        case 1: return "\(census.summary). Decoding in process \(numbers)."
        default: return "\(census.summary). Decoding in processes \(numbers)."
        }
    }
}
#endif
