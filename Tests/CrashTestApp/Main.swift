import RoostApp

@main struct CrashTestApp: RoostApplication {
    static func run() {}
}
