// A worker that touches a widget: only with OFF_MAIN_ACTOR defined, which must not compile.
import Roost
import RoostGTK

@main
enum OffMainActor {
    static func main() {
        GTKApplication.run("off-main-actor") { app in
            let window = Window(app, "Off the main actor")
            let label = Label(app, "on it")
            let scope = WorkerScope("work")
            window.closes(scope)
            scope.start("work") { worker in
                worker.report(1, of: 2)
                #if OFF_MAIN_ACTOR
                label.text = "off it"
                #endif
            }
            window.show(label)
            window.present()
        }
    }
}
