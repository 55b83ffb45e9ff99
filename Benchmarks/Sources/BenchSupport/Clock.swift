import Glibc

/// Monotonic nanoseconds: the clock every number here comes from.
@inlinable public func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// Ten microseconds of work, ended by the clock so that a busy machine does not make it longer.
@inlinable public func busy10Microseconds() {
    let end = now() &+ 10_000
    while now() < end {}
}

extension Array where Element == Double {
    public var median: Double { sorted()[count / 2] }
}
