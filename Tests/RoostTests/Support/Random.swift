import Glibc
import Roost

/// A seeded generator (SplitMix64, Steele, Lea and Flood 2014), so that a stress test can be run again as it was.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// The seed of a stress test: `ROOST_SEED`, or a new one. Printed, so that a failure can be repeated.
func announcedSeed(_ test: String) -> UInt64 {
    let given = getenv("ROOST_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("\(test): ROOST_SEED=\(seed)")
    return seed
}

/// `base` in a quiet build, a tenth of it under a sanitizer or with ROOST_QUICK set, where everything is many times slower.
func scaled(_ base: Int) -> Int {
    getenv("ROOST_QUICK") != nil || isSanitized ? max(1, base / 10) : base
}

/// True in a process that a sanitizer's runtime was loaded into.
let isSanitized: Bool = {
    let program = dlopen(nil, RTLD_NOW)
    return dlsym(program, "__tsan_init") != nil || dlsym(program, "__asan_init") != nil
}()
