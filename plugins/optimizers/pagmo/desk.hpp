// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace mfm_pagmo {

using Points = std::vector<std::vector<double>>;

/// Thrown in an island when the search is over: no more points are computed.
struct Ended {};

/// Where islands bring points and wait for their values.  Islands run on threads of their own, in step: when each of
/// them waits, all their points are computed in one call, in the order of the islands, on the thread of the search.  So
/// neither results nor their order depend on how threads are scheduled, and the host, which gets many points at once,
/// decides on how many threads it computes them.
class Desk {
public:
    using Compute = std::function<Points(const Points&)>;
    explicit Desk(Compute compute) : compute_(std::move(compute)) {}

    /// From an island: the values of these points.
    Points ask(std::size_t island, const Points& points) {
        if (islands_ == 0) return compute_(points); // there is but one, on the thread of the search
        std::unique_lock lock(mutex_);
        if (ended_) throw Ended{};
        request_[island] = {true, points, {}};
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !request_[island].open || ended_; });
        if (request_[island].open) throw Ended{};
        return std::move(request_[island].values);
    }

    /// Runs work(island) for every island until all of them are done.  Rethrows what computing a point threw.
    void run(std::size_t islands, const std::function<void(std::size_t)>& work) {
        if (islands == 1) {
            islands_ = 0;
            work(0);
            return;
        }
        islands_ = islands;
        live_ = islands;
        waiting_ = 0;
        request_.assign(islands, {});
        failure_ = nullptr;
        ended_ = false;
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < islands; ++i)
            threads.emplace_back([&, i] {
                std::exception_ptr failure;
                try {
                    work(i);
                } catch (const Ended&) { // the search's thread knows why
                } catch (...) {
                    failure = std::current_exception();
                }
                const std::lock_guard lock(mutex_);
                if (failure && !failure_) failure_ = failure;
                --live_;
                changed_.notify_all();
            });
        serve();
        for (std::thread& thread : threads) thread.join();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    struct Request {
        bool open = false;
        Points points, values;
    };
    void serve() {
        std::unique_lock lock(mutex_);
        while (live_ > 0) {
            changed_.wait(lock, [&] { return waiting_ == live_; });
            if (live_ == 0) break;
            Points all;
            for (const Request& r : request_)
                if (r.open) all.insert(all.end(), r.points.begin(), r.points.end());
            try {
                if (!ended_) {
                    Points values = compute_(all);
                    auto next = values.begin();
                    for (Request& r : request_) {
                        if (!r.open) continue;
                        const auto end = next + static_cast<std::ptrdiff_t>(r.points.size());
                        r.values.assign(std::make_move_iterator(next), std::make_move_iterator(end));
                        r.open = false;
                        next = end;
                    }
                }
            } catch (...) {
                failure_ = std::current_exception();
                ended_ = true;
            }
            waiting_ = 0;
            changed_.notify_all();
        }
    }

    Compute compute_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Request> request_;
    std::size_t islands_ = 0, live_ = 0, waiting_ = 0;
    std::exception_ptr failure_;
    bool ended_ = false;
};

} // namespace mfm_pagmo
