import FoundationEssentials
import Glibc
import RoostCrash

nonisolated func startThreads(_ count: Int) {
    for n in 0..<count {
        var thread = pthread_t()
        pthread_create(&thread, nil, { _ in while true { pause() } }, nil)
    }
}
let count = Int(CommandLine.arguments[2])!
startThreads(count)
usleep(100_000)
let clock = ContinuousClock()
for n in 0..<6 {
    let t = clock.now
    let census = ThreadCensus.take(.init(names: false))
    let b = clock.now
    let c2 = ThreadCensus.take()
    let e = clock.now
    print("bare", b - t, "named", e - b, c2.threads.count, census.threads.filter { $0.stack == nil }.count)
    if n == 5 { print(c2) }
}
