// Two threads add to one counter: without the lock when RACE is defined, which is what ThreadSanitizer must report.
import Glibc

nonisolated(unsafe) private var counter = 0  // proof: none on purpose, this is the race; without RACE `lock` guards it
nonisolated(unsafe) private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)  // proof: set once

private nonisolated func bump(_: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    for _ in 0..<10_000 {
        #if !RACE
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        #endif
        counter += 1
    }
    return nil
}

pthread_mutex_init(lock, nil)
private var first = pthread_t()
private var second = pthread_t()
pthread_create(&first, nil, bump, nil)
pthread_create(&second, nil, bump, nil)
pthread_join(first, nil)
pthread_join(second, nil)
