#include <QCoreApplication>
#include <QElapsedTimer>
#include <QThread>
#include <QThreadPool>
#include <QTimer>

#include "bench.hpp"

namespace {
struct Peer {
    QThreadPool pool;
    Peer() { pool.setMaxThreadCount(2); }
    void submit_empty() { pool.start([] {}); }
    void submit(std::function<void()> body) { pool.start(std::move(body)); }
    void wait() { pool.waitForDone(); }
    void drop() { pool.clear(); }
    template <class Loop> void produce(Loop loop) { loop(); }
};

// One queued call to the main thread for each update: what a queued signal does.
void flood(long count) {
    int argc = 0;
    QCoreApplication app(argc, nullptr);
    QObject receiver;
    long received = 0;
    double longest = 0;
    std::uint64_t beat = bench::now(), begin = 0, produced = 0;
    QTimer timer;
    timer.setTimerType(Qt::PreciseTimer);
    QObject::connect(&timer, &QTimer::timeout, [&] {
        const auto t = bench::now();
        longest = std::max(longest, double(t - beat) / 1e6);
        beat = t;
    });
    timer.start(1);
    const double before = bench::status_kb("VmRSS");
    std::thread producer;
    QTimer::singleShot(20, [&] {
        producer = std::thread([&] {
            begin = bench::now();
            for (long i = 0; i < count; ++i)
                QMetaObject::invokeMethod(&receiver, [&, i] {
                    ++received;
                    const auto shown = bench::now() + 2'000;  // what it takes to show one
                    while (bench::now() < shown) {}
                    if (i == count - 1) QTimer::singleShot(5, &app, &QCoreApplication::quit);
                }, Qt::QueuedConnection);
            produced = bench::now();
        });
    });
    app.exec();
    const auto end = bench::now();
    producer.join();
    bench::print({{"ns", double(produced - begin) / double(count)}, {"total_ms", double(end - begin) / 1e6 - 5},
                  {"gap_ms", longest}, {"received", double(received)},
                  {"growth_mb", (bench::status_kb("VmHWM") - before) / 1024}});
}

// QThread::isInterruptionRequested, asked by the thread itself as its documentation says.
struct Asking : QThread {
    long count;
    explicit Asking(long count) : count(count) {}
    void run() override { bench::print(bench::flag(count, [this] { return isInterruptionRequested(); })); }
};
}  // namespace

int main(int argc, char **argv) {
    return bench::main(argc, argv, [](const std::string &name, const bench::Counts &counts) {
        if (name == "flood") { flood(counts.flood); return true; }
        if (name == "flag-qthread") {
            Asking thread(counts.flag / 10);
            thread.start();
            thread.wait();
            return true;
        }
        return bench::common(name, counts, [](int) { return std::make_unique<Peer>(); });
    });
}
