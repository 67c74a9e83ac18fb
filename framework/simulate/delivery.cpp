// SPDX-License-Identifier: Apache-2.0
#include "simulate/delivery.hpp"

#include <algorithm>
#include <array>

#include "simulate/plasticity.hpp"

namespace mfm {
namespace {

/// A part of a row of synapses, on its way from memory while others are added.
struct Visit {
    std::uint32_t begin, end;
    double* row;  // of the step in which it arrives, when that is one
    double scale; // of its weights
};
constexpr std::size_t most_visits = 16;
constexpr std::size_t ahead = 32; // spikes whose places in a table are on their way from memory

template <class Index>
void add(const SynapseTable& table, const std::vector<Index>& target, std::span<const Visit> visits) {
    const Index* const to = target.data();
    for (const Visit& v : visits) {
        if (table.weights.empty()) {
            const double weight = table.weight * v.scale;
            for (std::uint32_t e = v.begin; e < v.end; ++e) v.row[to[e]] += weight;
        } else {
            const double* const weight = table.weights.data();
            for (std::uint32_t e = v.begin; e < v.end; ++e) v.row[to[e]] += weight[e] * v.scale;
        }
    }
}

/// f(step of the spike, its number in the run, begin and end of its synapses that count) for all spikes whose effect
/// may fall into [first_step, first_step + n_steps).
template <class F>
std::uint64_t for_spikes(const SynapseTable& table, const SpikeHistory& spikes, std::uint64_t first_step,
                         std::uint32_t n_steps, const F& f) {
    const std::uint64_t end_step = first_step + n_steps;
    if (end_step <= table.shortest_delay) return 0;
    const std::uint64_t first_fired = first_step > table.longest_delay ? first_step - table.longest_delay : 0,
                        end_fired = end_step - table.shortest_delay;
    std::uint64_t k = spikes.begin(first_fired), events = 0;
    const std::uint64_t first = k, last = spikes.begin(end_fired);
    if (first == last) return 0;
    const std::span<const std::uint32_t> cells = spikes.cells(first, last);
    const std::uint32_t* const row = table.row.data();
    for (const std::uint32_t cell : cells.first(std::min(ahead, cells.size()))) __builtin_prefetch(row + cell);
    for (std::uint64_t fired = first_fired; fired < end_fired; ++fired)
        for (const std::uint64_t end_of_step = spikes.begin(fired + 1); k < end_of_step; ++k) {
            __builtin_prefetch(row + cells[std::min(k + ahead, last - 1) - first]);
            const std::uint32_t cell = cells[k - first];
            std::uint32_t begin = row[cell], end = row[cell + 1];
            if (!table.delays.empty()) {
                const auto entry = [&](std::uint64_t delay) {
                    const auto low = table.delays.begin() + begin, high = table.delays.begin() + end;
                    return static_cast<std::uint32_t>(std::lower_bound(low, high, delay, std::less<std::uint64_t>{}) -
                                                      table.delays.begin());
                };
                const std::uint32_t late = entry(end_step - fired);
                begin = first_step > fired ? entry(first_step - fired) : begin;
                end = late;
            }
            if (begin == end) continue;
            events += end - begin;
            f(fired, k, begin, end);
        }
    return events;
}

template <class Index>
std::uint64_t deliver_to(const SynapseTable& table, const std::vector<Index>& target, const SpikeHistory& spikes,
                         const ShortTermPlasticity* plasticity, std::uint64_t first_step, std::uint32_t n_steps,
                         InputRows& rows) {
    std::array<Visit, most_visits> waiting;
    std::size_t n = 0;
    const auto visit = [&](const Visit& v) {
        const char* const line = reinterpret_cast<const char*>(target.data() + v.begin);
        const char* const end = reinterpret_cast<const char*>(target.data() + v.end);
        for (const char* p = line; p < end && p < line + 512; p += 64) __builtin_prefetch(p);
        waiting[n++] = v;
        if (n < most_visits) return;
        add(table, target, {waiting.data(), n});
        n = 0;
    };
    const std::uint64_t events =
        for_spikes(table, spikes, first_step, n_steps,
                   [&](std::uint64_t fired, std::uint64_t spike, std::uint32_t begin, std::uint32_t end) {
                       const double scale = plasticity != nullptr ? plasticity->efficacy(spike) : 1.0;
                       // Delays ascend within a row: one visit for each step in which some of it arrives.
                       while (begin < end) {
                           std::uint32_t same = end;
                           std::uint64_t delay = table.shortest_delay;
                           if (!table.delays.empty()) {
                               delay = table.delays[begin];
                               same = begin + 1;
                               while (same < end && table.delays[same] == delay) ++same;
                           }
                           visit({begin, same,
                                  rows.use(static_cast<std::uint32_t>(fired + delay - first_step), table.port), scale});
                           begin = same;
                       }
                   });
    add(table, target, {waiting.data(), n});
    return events;
}

} // namespace

void InputRows::resize(std::uint64_t cells, std::uint32_t ports, std::uint32_t steps) {
    cells_ = cells;
    stride_ = cells + 8; // an odd number of cache lines apart, rows of one cell do not crowd into one set of the cache
    ports_ = ports;
    const std::size_t rows = std::size_t{steps} * ports;
    if (sum_.size() < rows * stride_) sum_.resize(rows * stride_);
    used_.assign(rows, 0);
    pointer_.resize(rows);
}

const double* const* InputRows::pointers(std::uint64_t first) {
    for (std::size_t i = 0; i < used_.size(); ++i)
        pointer_[i] = used_[i] != 0 ? sum_.data() + i * stride_ + first : nullptr;
    return pointer_.data();
}

std::span<std::uint32_t> SpikeHistory::append(std::span<const std::uint32_t> count) {
    const std::uint64_t end = now_ + count.size(), steps = begin_.size() - 1;
    const std::uint64_t forgotten = end > steps ? begin(end - steps) - dropped_ : 0;
    if (forgotten > cells_.size() / 2) {
        cells_.erase(cells_.begin(), cells_.begin() + static_cast<std::ptrdiff_t>(forgotten));
        dropped_ += forgotten;
    }
    const std::size_t before = cells_.size();
    std::uint64_t total = dropped_ + before;
    for (const std::uint32_t n : count) begin_[++now_ % begin_.size()] = total += n;
    cells_.resize(total - dropped_);
    return std::span(cells_).subspan(before);
}

void SpikeHistory::save(StateWriter& out) const {
    out.put("spikes/now", now_);
    out.put("spikes/dropped", dropped_);
    out.put("spikes/begin", begin_);
    out.put("spikes/cells", cells_);
}
void SpikeHistory::restore(StateReader& in) {
    in.get("spikes/now", now_);
    in.get("spikes/dropped", dropped_);
    in.get("spikes/begin", std::span<std::uint64_t>(begin_));
    in.get("spikes/cells", cells_);
    in.expect("spikes/cells", cells_.size(), begin(now_) - dropped_);
}

std::uint64_t deliver(const SynapseTable& table, const SpikeHistory& spikes, const ShortTermPlasticity* plasticity,
                      std::uint64_t first_step, std::uint32_t n_steps, InputRows& rows) {
    return table.wide.empty() ? deliver_to(table, table.narrow, spikes, plasticity, first_step, n_steps, rows)
                              : deliver_to(table, table.wide, spikes, plasticity, first_step, n_steps, rows);
}

std::uint64_t collect(const SynapseTable& table, const SpikeHistory& spikes, std::uint64_t step,
                      std::vector<std::uint32_t>& cells) {
    return for_spikes(table, spikes, step, 1, [&](std::uint64_t, std::size_t, std::uint32_t begin, std::uint32_t end) {
        for (std::uint32_t e = begin; e < end; ++e)
            cells.push_back(table.wide.empty() ? table.narrow[e] : table.wide[e]);
    });
}

} // namespace mfm
