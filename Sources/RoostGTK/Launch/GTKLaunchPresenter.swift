#if GTK
public import Roost

/// The start of a program in windows: a splash with the stage and a bar, and a window that asks when a required stage fails.
///
/// The splash has no frame and takes no room in the way; closing it ends the program. The window that asks has the reason and a
/// button for each answer; closing it means *Quit*. Notices are in both, the last three. Both are used with the keyboard and a
/// screen reader as well.
@MainActor
public final class GTKLaunchPresenter: LaunchPresenter {
    private let app: GTKApplication
    private var splash: SplashWindow?
    /// Since the last question. There may be no splash when one comes: before the first stage, and between a splash and a question.
    private var notices: [String] = []

    /// Creates a presenter that shows nothing yet.
    public init(_ app: GTKApplication) {
        self.app = app
    }

    public func show(_ progress: LaunchProgress) {
        let splash = splash ?? SplashWindow(app, progress.program)
        self.splash = splash
        splash.say(notices)
        splash.show(progress)
    }

    public func notice(_ text: String) {
        notices.append(text)
        splash?.say(notices)
    }

    public func closeSplash() {
        splash?.close()
        splash = nil
    }

    public func ask(_ question: LaunchQuestion) async -> LaunchAnswer {
        let answer = OneShot<LaunchAnswer>()
        let window = LaunchQuestionWindow(app, question, notices: notices) { answer.resolve($0) }
        notices = []
        let given = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            answer.resolve(.quit)
        }
        window.close()
        return given
    }
}
#endif
