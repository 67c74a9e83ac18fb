// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#define MFM_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MFM_THREAD_SANITIZER 1
#endif
#endif
#ifdef MFM_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace mfm {

/// Tells ThreadSanitizer what it cannot see, because TBB's library is not built with it: that what was done before
/// release() has happened for whoever calls acquire() afterwards.  Nothing in any other build.
class HandOver {
public:
#ifdef MFM_THREAD_SANITIZER
    void release() {
        __tsan_release(this);
    }
    void acquire() {
        __tsan_acquire(this);
    }
#else
    void release() {}
    void acquire() {}
#endif
};

/// f(i) for every i < n, side by side, done when this returns.  A thread that waits here takes up no other work than
/// this loop's: one simulation does not begin in the middle of another one's step.
template <class F> void parallel_for(std::uint64_t n, const F& f) {
    static HandOver begin, end; // no call's own: to look up whose they are would itself be a race in its eyes
    const auto one = [&](std::uint64_t i) {
        begin.acquire();
        f(i);
        end.release();
    };
    begin.release();
    tbb::this_task_arena::isolate([&] { tbb::parallel_for(std::uint64_t{0}, n, one); });
    end.acquire();
}

} // namespace mfm
