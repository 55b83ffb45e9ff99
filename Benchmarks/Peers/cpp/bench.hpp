// What every C++ measurement shares. The same workloads, in the same order and with the same counts, as
// Sources/BenchSupport has for the Swift ones: change both together.
#pragma once
#include <sched.h>
#include <semaphore.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace bench {

inline std::uint64_t now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::uint64_t(t.tv_sec) * 1'000'000'000u + std::uint64_t(t.tv_nsec);
}

// VmRSS or VmHWM in kB. VmHWM, not ru_maxrss: the latter begins with the peak of the process that called exec.
inline double status_kb(const char *key) {
    std::FILE *file = std::fopen("/proc/self/status", "r");
    char line[256];
    double value = 0;
    while (std::fgets(line, sizeof line, file))
        if (std::strncmp(line, key, std::strlen(key)) == 0) value = std::atof(line + std::strlen(key) + 1);
    std::fclose(file);
    return value;
}

using Values = std::map<std::string, double>;
inline void print(Values values) {
    values["peak_mb"] = status_kb("VmHWM") / 1024;
    const char *separator = "{";
    for (auto &[key, value] : values) {
        std::printf("%s\"%s\": %.6g", separator, key.c_str(), value);
        separator = ", ";
    }
    std::printf("}\n");
}

struct Semaphore {  // POSIX: a futex without spinning, the same one the Swift side uses
    sem_t sem;
    Semaphore() { sem_init(&sem, 0, 0); }
    ~Semaphore() { sem_destroy(&sem); }
    void post() { sem_post(&sem); }
    void wait() { while (sem_wait(&sem) != 0) {} }
};

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

inline void busy_10us() {
    const auto end = now() + 10'000;
    while (now() < end) {}
}

// A Pool has: submit_empty(), submit(std::function), wait(), produce(loop): runs a producer's loop the way the pool likes it.
template <class Pool> Values empty(Pool &pool, long count, int producers) {
    pool.produce([&] { for (int i = 0; i < 50'000; ++i) pool.submit_empty(); });
    pool.wait();
    std::uint64_t begin;
    if (producers == 1) {
        begin = now();
        pool.produce([&] { for (long i = 0; i < count; ++i) pool.submit_empty(); });
    } else {
        std::atomic<int> ready{0};
        std::atomic<bool> go{false};
        std::vector<std::thread> threads;
        for (int p = 0; p < producers; ++p)
            threads.emplace_back([&] {
                ready.fetch_add(1);
                while (!go.load()) std::this_thread::yield();
                pool.produce([&] { for (long i = 0; i < count / producers; ++i) pool.submit_empty(); });
            });
        while (ready.load() < producers) std::this_thread::yield();
        begin = now();
        go.store(true);
        for (auto &thread : threads) thread.join();
    }
    pool.wait();
    return {{"ns", double(now() - begin) / double(count)}};
}

// Pins the calling thread, and those it starts from then on, to one of the cores the process began with.
inline void pin(int index) {
    static const cpu_set_t allowed = [] { cpu_set_t set; sched_getaffinity(0, sizeof set, &set); return set; }();
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (!CPU_ISSET(core, &allowed) || index-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

// One task at a time, whose body posts a semaphore that this thread waits on. This thread is on core 0, the pool's threads on
// `pool_core`. Left to itself the scheduler puts both on one core or on two, for a whole run, by chance.
template <class MakePool> Values latency(MakePool make, long count, int pool_core) {
    Semaphore done;
    std::vector<double> micros;
    micros.reserve(count);
    pin(pool_core);
    auto pool = make(1);
    for (long i = -2'000; i < count; ++i) {
        if (i == -1'000) pin(0);
        const auto begin = now();
        pool->submit([&done] { done.post(); });
        done.wait();
        if (i >= 0) micros.push_back(double(now() - begin) / 1e3);
    }
    pool->wait();
    std::sort(micros.begin(), micros.end());
    return {{"us", micros[count / 2]}, {"p99_us", micros[count * 99 / 100]}};
}

template <class Pool> Values efficiency(Pool &pool, long count) {
    auto begin = now();
    for (int i = 0; i < 5'000; ++i) busy_10us();
    const double each = double(now() - begin) / 5'000;  // what a task takes inline: the ideal
    pool.produce([&] { for (int i = 0; i < 2'000; ++i) pool.submit(busy_10us); });
    pool.wait();
    begin = now();
    pool.produce([&] { for (long i = 0; i < count; ++i) pool.submit(busy_10us); });
    pool.wait();
    return {{"efficiency", each * double(count) / 2 / double(now() - begin)}, {"inline_ns", each}};
}

// stop(): the pool's own way to drop what is queued. Running bodies poll `stopped`.
template <class Pool> Values stop(Pool &pool, int repeats, const std::function<void()> &drop) {
    std::vector<double> micros;
    double entered = 0;
    for (int r = -2; r < repeats; ++r) {
        std::atomic<bool> stopping{false}, stopped{false};
        std::atomic<int> running{0}, late{0};
        for (int i = 0; i < 2; ++i)
            pool.submit([&] {
                running.fetch_add(1);
                while (!stopped.load(std::memory_order_relaxed)) {}
                running.fetch_sub(1);
            });
        while (running.load() < 2) std::this_thread::yield();
        pool.produce([&] {
            for (int i = 0; i < 10'000; ++i)
                pool.submit([&] { if (stopping.load(std::memory_order_relaxed)) late.fetch_add(1); });
        });
        const auto begin = now();
        stopping.store(true);  // what enters from here on is counted
        drop();
        stopped.store(true);
        pool.wait();
        const double took = double(now() - begin) / 1e3;
        if (r >= 0) { micros.push_back(took); entered = std::max(entered, double(late.load())); }
    }
    return {{"us", median(micros)}, {"entered", entered}};
}

template <class Pool> Values queued(Pool &pool, long count) {
    pool.produce([&] { for (int i = 0; i < 1'000; ++i) pool.submit_empty(); });
    pool.wait();
    Semaphore gate, started;
    for (int i = 0; i < 2; ++i) pool.submit([&] { started.post(); gate.wait(); });
    for (int i = 0; i < 2; ++i) started.wait();
    const double before = status_kb("VmRSS");
    pool.produce([&] { for (long i = 0; i < count; ++i) pool.submit_empty(); });
    const double after = status_kb("VmRSS");
    gate.post();
    gate.post();
    pool.wait();
    return {{"bytes", (after - before) * 1024 / double(count)}};
}

// From the first tenth of the batches to the last, and of each tenth the most that was resident after a batch: an allocator
// gives a few megabytes back now and takes them again later as it sees fit.
template <class Pool> Values growth(Pool &pool, long count) {
    const long batches = count / 10'000;
    double first = 0, last = 0;
    for (long batch = -20; batch < batches; ++batch) {
        pool.produce([&] { for (int i = 0; i < 10'000; ++i) pool.submit_empty(); });
        pool.wait();
        if (batch >= 0 && batch < batches / 10) first = std::max(first, status_kb("VmRSS"));
        if (batch >= batches - batches / 10) last = std::max(last, status_kb("VmRSS"));
    }
    return {{"growth_kb", last - first}};
}

// About a nanosecond that the compiler cannot shorten.
inline std::uint64_t step(std::uint64_t x) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    __asm__ volatile("" : "+r"(x));
    return x;
}
template <class Check> Values flag(long count, Check stopped) {
    std::vector<double> each;
    for (int r = 0; r < 5; ++r) {
        std::uint64_t x = 1;
        const auto begin = now();
        for (long i = 0; i < count; ++i) {
            if (stopped()) break;
            x = step(x);
        }
        each.push_back(double(now() - begin) / double(count));
    }
    return {{"ns", *std::min_element(each.begin(), each.end())}};
}

// The counts of one measurement, smaller with --quick.
struct Counts {
    long empty, latency, efficiency, stops, queued, growth, flag, flood;
    explicit Counts(bool quick)
        : empty(quick ? 300'000 : 1'000'000), latency(quick ? 5'000 : 20'000), efficiency(quick ? 50'000 : 200'000),
          stops(quick ? 11 : 31), queued(quick ? 300'000 : 1'000'000), growth(quick ? 1'000'000 : 10'000'000),
          flag(quick ? 50'000'000 : 200'000'000), flood(quick ? 300'000 : 1'000'000) {}
};

template <class MakePool> bool common(const std::string &name, const Counts &counts, MakePool make) {
    Values values;
    if (name == "empty1") values = empty(*make(1), counts.empty, 1);
    else if (name == "empty4") values = empty(*make(4), counts.empty, 4);
    else if (name == "latency") values = latency(make, counts.latency, 1);
    else if (name == "latency1") values = latency(make, counts.latency, 0);
    else if (name == "efficiency") values = efficiency(*make(1), counts.efficiency);
    else if (name == "stop") { auto pool = make(1); values = stop(*pool, counts.stops, [&] { pool->drop(); }); }
    else if (name == "queued") values = queued(*make(1), counts.queued);
    else if (name == "growth") values = growth(*make(1), counts.growth);
    else return false;
    print(values);
    return true;
}

template <class Rest> int main(int argc, char **argv, Rest rest) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s BENCHMARK [quick]\n", argv[0]);
        return 2;
    }
    const std::string name = argv[1];
    const Counts counts(argc > 2 && std::strcmp(argv[2], "quick") == 0);
    if (rest(name, counts)) return 0;
    std::fprintf(stderr, "%s has no benchmark %s\n", argv[0], name.c_str());
    return 2;
}

}  // namespace bench
