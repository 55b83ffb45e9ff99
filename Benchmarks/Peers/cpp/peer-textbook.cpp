#include <sched.h>
#include <stop_token>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <csignal>

#include "bench.hpp"
#include "textbook.hpp"

namespace {
struct Peer {
    TextbookPool pool{2};
    void submit_empty() { pool.submit([] {}); }
    void submit(std::function<void()> body) { pool.submit(std::move(body)); }
    void wait() { pool.wait(); }
    void drop() { pool.clear(); }
    template <class Loop> void produce(Loop loop) { loop(); }
};

// Keeps one core from halting without taking time from anyone: SCHED_IDLE and nice 19, until the parent ends.
[[noreturn]] void spin() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpriority(PRIO_PROCESS, 0, 19);
    sched_param none{};
    sched_setscheduler(0, SCHED_IDLE, &none);
    volatile unsigned turns = 0;
    while (true) turns = turns + 1;
}
// How long a cache line takes from one core to the other and back. On a virtual machine this changes with where the host has put the
// cores, and everything that hands work to another thread changes with it.
double core_to_core() {
    std::atomic<unsigned> ball{0};
    constexpr unsigned turns = 20'000;
    auto pin = [](int core) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(core, &set);
        sched_setaffinity(0, sizeof set, &set);
    };
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<int> cores;
    for (int core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &allowed)) cores.push_back(core);
    if (cores.size() < 2) return 0;
    std::thread other([&] {
        pin(cores[1]);
        for (unsigned i = 1; i < 2 * turns; i += 2) {
            while (ball.load(std::memory_order_acquire) != i) {}
            ball.store(i + 1, std::memory_order_release);
        }
    });
    pin(cores[0]);
    const auto begin = bench::now();
    for (unsigned i = 0; i < 2 * turns; i += 2) {
        while (ball.load(std::memory_order_acquire) != i) {}
        ball.store(i + 1, std::memory_order_release);
    }
    other.join();
    return double(bench::now() - begin) / turns;
}
}  // namespace

int main(int argc, char **argv) {
    return bench::main(argc, argv, [](const std::string &name, const bench::Counts &counts) {
        if (name == "spin") spin();
        if (name == "core-to-core") { bench::print({{"ns", core_to_core()}}); return true; }
        if (name == "flag-nothing") { bench::print(bench::flag(counts.flag, [] { return false; })); return true; }
        if (name == "flag-atomic") {
            static std::atomic<bool> stopped{false};
            bench::print(bench::flag(counts.flag, [] { return stopped.load(std::memory_order_relaxed); }));
            return true;
        }
        if (name == "flag-stop-token") {
            std::stop_source source;
            auto token = source.get_token();
            bench::print(bench::flag(counts.flag, [&] { return token.stop_requested(); }));
            return true;
        }
        return bench::common(name, counts, [](int) { return std::make_unique<Peer>(); });
    });
}
