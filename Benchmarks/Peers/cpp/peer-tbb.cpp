#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "bench.hpp"

namespace {
// Two workers and no slot for anyone else: producers enqueue from outside, the first queue is the arena's.
struct Enqueue {
    tbb::global_control limit{tbb::global_control::max_allowed_parallelism, 3};
    tbb::task_arena arena{2, 0};
    tbb::task_group group;
    void submit_empty() { arena.enqueue(group.defer([] {})); }
    void submit(std::function<void()> body) { arena.enqueue(group.defer(std::move(body))); }
    void wait() { group.wait(); }
    void drop() { group.cancel(); }
    template <class Loop> void produce(Loop loop) { loop(); }
};

// How oneTBB is fastest with one producer: an arena of two threads of which the producer is one. It spawns into its own deque,
// one worker steals, and the producer works too while it waits. (A third thread, to have two workers beside the producer,
// makes it four times slower.) Only one producer can do that.
struct Spawn {
    tbb::global_control limit{tbb::global_control::max_allowed_parallelism, 2};
    tbb::task_arena arena{2, 1};
    tbb::task_group group;
    void submit_empty() { group.run([] {}); }
    void submit(std::function<void()> body) { group.run(std::move(body)); }
    void wait() { arena.execute([&] { group.wait(); }); }
    template <class Loop> void produce(Loop loop) { arena.execute(loop); }
};
}  // namespace

int main(int argc, char **argv) {
    return bench::main(argc, argv, [](const std::string &name, const bench::Counts &counts) {
        if (name == "spawn-empty1") { Spawn pool; bench::print(bench::empty(pool, counts.empty, 1)); return true; }
        if (name == "spawn-efficiency") { Spawn pool; bench::print(bench::efficiency(pool, counts.efficiency)); return true; }
        return bench::common(name, counts, [](int) { return std::make_unique<Enqueue>(); });
    });
}
