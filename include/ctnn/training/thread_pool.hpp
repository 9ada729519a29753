// Threads that sleep until there is work, kept for as long as a training or an evaluation lasts.
#pragma once

#include <ctnn/language.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ctnn {

/// How to run through many images. The results are the same bits for any number of threads.
struct thread_options {
    std::size_t threads = 1;  // 0: all of the processor's
};

namespace detail {

/// The caller and the threads that help it. Which of them does a piece of work is chance, so what a
/// piece gives must not depend on it.
class workers {
public:
    /// `wanted` in all, 0 for as many as the processor runs at once, but at most `useful`. Throws
    /// std::system_error where a thread cannot be started.
    workers(std::size_t wanted, std::size_t useful) : workers() {  // ~workers ends those started
        if (wanted == 0) wanted = std::thread::hardware_concurrency();
        for (std::size_t i = 1; i < std::min(wanted, useful); ++i)
            threads_.emplace_back([this, i] { help(i); });
    }
    ~workers() {
        {
            const std::lock_guard lock(mutex_);
            ended_ = true;
        }
        start_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;

    [[nodiscard]] std::size_t count() const noexcept { return threads_.size() + 1; }

    /// Calls f(worker, piece) once for every piece in [0, pieces), by worker 0, which is the
    /// caller, and the others in [0, count()). Returns when all are done; f must not throw.
    template <class F>
    void run(std::size_t pieces, const F& f) noexcept {
        std::atomic<std::size_t> next = 0;
        const auto share = [&](std::size_t worker) {
            for (std::size_t piece = next++; piece < pieces; piece = next++) f(worker, piece);
        };
        const std::size_t helpers = std::min(std::max<std::size_t>(pieces, 1) - 1, threads_.size());
        if (helpers > 0) {
            const std::lock_guard lock(mutex_);
            share_ = std::ref(share);
            wanted_ = helpers;
        }
        for (std::size_t i = 0; i < helpers; ++i) start_.notify_one();
        share(0);
        if (helpers > 0) {
            std::unique_lock lock(mutex_);
            wanted_ = 0;  // nobody waits for a thread that comes too late
            done_.wait(lock, [this] { return busy_ == 0; });
        }
    }

private:
    workers() = default;

    void help(std::size_t worker) {
        std::unique_lock lock(mutex_);
        while (true) {
            start_.wait(lock, [this] { return wanted_ > 0 || ended_; });
            if (ended_) return;
            --wanted_;
            ++busy_;
            lock.unlock();
            share_(worker);
            lock.lock();
            if (--busy_ == 0) done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable start_, done_;
    std::function<void(std::size_t)> share_;
    std::size_t wanted_ = 0, busy_ = 0;
    bool ended_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace detail
}  // namespace ctnn
