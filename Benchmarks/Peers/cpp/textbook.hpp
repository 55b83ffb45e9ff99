// The pool every textbook has: a mutex, a deque, two condition variables. About 40 lines, nothing tuned.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

class TextbookPool {
public:
    explicit TextbookPool(unsigned threads) {
        for (unsigned i = 0; i < threads; ++i) workers_.emplace_back([this] { run(); });
    }
    ~TextbookPool() {
        { std::lock_guard lock(mutex_); closing_ = true; }
        work_.notify_all();
        for (auto &worker : workers_) worker.join();
    }
    void submit(std::function<void()> task) {
        { std::lock_guard lock(mutex_); queue_.push_back(std::move(task)); }
        work_.notify_one();
    }
    std::size_t clear() {
        std::deque<std::function<void()>> dropped;
        std::lock_guard lock(mutex_);
        dropped.swap(queue_);
        return dropped.size();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return queue_.empty() && active_ == 0; });
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            work_.wait(lock, [this] { return closing_ || !queue_.empty(); });
            if (queue_.empty()) return;
            auto task = std::move(queue_.front());
            queue_.pop_front();
            ++active_;
            lock.unlock();
            task();
            task = nullptr;
            lock.lock();
            if (--active_ == 0 && queue_.empty()) idle_.notify_all();
        }
    }
    std::mutex mutex_;
    std::condition_variable work_, idle_;
    std::deque<std::function<void()>> queue_;
    std::vector<std::thread> workers_;
    unsigned active_ = 0;
    bool closing_ = false;
};
