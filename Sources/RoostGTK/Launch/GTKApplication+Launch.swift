#if GTK
public import Roost

extension GTKApplication {
    /// Starts the program in stages, and keeps it running meanwhile: for the body of ``run(_:configuration:_:)``.
    ///
    /// ```swift
    /// GTKApplication.run("thumbnailer") { app in
    ///     app.start(Launch("thumbnailer", stages: [
    ///         .required("cache folder", within: .seconds(10)) { stage in … },
    ///         .onMain("main window") { … },
    ///     ]))
    /// }
    /// ```
    /// Returns at once. A splash shows the stages, and a window asks when one fails; see ``GTKLaunchPresenter``. When somebody
    /// quits there, the program ends with `LaunchReport.Outcome.exitStatus`, 75; when the splash is closed, the
    /// program ends as with its last window. A start that leaves no window open is the end of the program, too.
    ///
    /// A splash goes as soon as the start is over, so a notice in it may be gone before anybody has read it. Show
    /// `LaunchReport.notices` in the main window, which is there when `ended` is called.
    ///
    /// - Parameters:
    ///   - launch: The stages.
    ///   - journal: Where stages are written down before they begin; nil for where the program's `RoostApplication` keeps them, and
    ///     without one nowhere.
    ///   - history: What is remembered of earlier starts; nil likewise.
    ///   - mode: Safe for a program that was told so on its command line.
    ///   - ended: Called once on the main actor with the report, whatever the outcome.
    public func start(
        _ launch: Launch, journal: (any LaunchJournal)? = nil, history: LaunchHistory? = nil,
        mode: LaunchMode = .normal, ended: @escaping @MainActor (LaunchReport) -> Void = { _ in }
    ) {
        let presenter = GTKLaunchPresenter(self)
        let start = Task {
            let report = await launch.run(presenter, journal: journal, history: history, mode: mode)
            ended(report)
            startEnded(report.outcome)
        }
        hold(start)
    }
}
#endif
