// SPDX-License-Identifier: Apache-2.0
#include "support/held.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace mfm {
namespace {

using Clock = std::chrono::steady_clock;

/// What a thread waits for.  `visits` counts outermost calls, on their way in and on their way out.
struct Slot {
    std::atomic<std::uint64_t> visits{0};
    std::atomic<const char*> plugin{nullptr}, function{nullptr}, inner_plugin{nullptr}, inner_function{nullptr};
};
// Threads beyond these go unseen; one of a plugin's callers that hangs is enough to be told.
std::array<Slot, 256> slots;
std::atomic<std::size_t> n_threads{0};

Slot* slot_of_this_thread() noexcept {
    thread_local const std::size_t index = n_threads.fetch_add(1);
    return index < slots.size() ? &slots[index] : nullptr;
}

std::string held_text(const Slot& slot, std::chrono::milliseconds time) {
    const char *const plugin = slot.plugin.load(), *const function = slot.function.load(),
                      *const inner = slot.inner_plugin.load(), *const inner_function = slot.inner_function.load();
    std::string text = fmt::format("plugin '{}' has been in its function {} for {:g} s", plugin, function,
                                   static_cast<double>(time.count()) * 1e-3);
    if (inner != nullptr && inner_function != nullptr)
        text += fmt::format(", and waits for plugin '{}' in {}", inner, inner_function);
    return text + "; a second Ctrl-C ends what does not come back";
}

} // namespace

HeldBy::HeldBy(const char* plugin, const char* function) noexcept {
    Slot* const slot = slot_of_this_thread();
    if (slot == nullptr) return;
    outermost_ = slot->visits.load(std::memory_order_relaxed) % 2 == 0;
    if (outermost_) {
        slot->plugin.store(plugin, std::memory_order_relaxed);
        slot->function.store(function, std::memory_order_relaxed);
        slot->visits.store(slot->visits.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    } else {
        plugin_ = slot->inner_plugin.load(std::memory_order_relaxed);
        function_ = slot->inner_function.load(std::memory_order_relaxed);
        slot->inner_plugin.store(plugin, std::memory_order_relaxed);
        slot->inner_function.store(function, std::memory_order_relaxed);
    }
}

HeldBy::~HeldBy() {
    Slot* const slot = slot_of_this_thread();
    if (slot == nullptr) return;
    if (outermost_) {
        slot->visits.store(slot->visits.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    } else {
        slot->inner_plugin.store(plugin_, std::memory_order_relaxed);
        slot->inner_function.store(function_, std::memory_order_relaxed);
    }
}

HeldWatch::HeldWatch(std::chrono::milliseconds patience, std::function<void(const std::string&)> report)
    : thread_([patience, report = std::move(report)](const std::stop_token& stop) {
          struct Seen {
              std::uint64_t visits = 0;
              Clock::time_point since;
              std::chrono::milliseconds next{0};
          };
          std::array<Seen, slots.size()> seen;
          std::mutex mutex;
          std::condition_variable_any wake;
          std::unique_lock lock(mutex);
          while (!wake.wait_for(lock, stop, std::max(patience / 10, std::chrono::milliseconds(1)),
                                [&] { return stop.stop_requested(); })) {
              const auto now = Clock::now();
              for (std::size_t i = 0; i < std::min(slots.size(), n_threads.load()); ++i) {
                  const std::uint64_t visits = slots[i].visits.load(std::memory_order_acquire);
                  if (visits != seen[i].visits || visits % 2 == 0) {
                      seen[i] = {visits, now, patience};
                      continue;
                  }
                  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(now - seen[i].since);
                  if (time < seen[i].next) continue;
                  const std::string text = held_text(slots[i], seen[i].next);
                  if (slots[i].visits.load(std::memory_order_acquire) == visits) report(text);
                  seen[i].next *= 2;
              }
          }
      }) {}

} // namespace mfm
