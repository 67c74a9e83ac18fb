// SPDX-License-Identifier: Apache-2.0
#include "network/rows.hpp"

#include <algorithm>
#include <numeric>

#include <tbb/parallel_for.h>

namespace mfm {

Rows transposed(const Rows& in, std::uint64_t partners) {
    Rows out;
    out.row.assign(partners + 1, 0);
    for (const std::uint32_t p : in.partner) ++out.row[p + 1];
    for (std::uint64_t p = 0; p < partners; ++p) out.row[p + 1] += out.row[p];
    out.partner.resize(in.partner.size());
    out.contacts.resize(in.partner.size());
    out.delay.resize(in.partner.size());
    std::vector<std::uint64_t> next(out.row.begin(), out.row.end() - 1);
    for (std::uint64_t r = 0; r < in.count(); ++r)
        for (std::uint64_t k = in.row[r]; k < in.row[r + 1]; ++k) {
            const std::uint64_t at = next[in.partner[k]]++;
            out.partner[at] = static_cast<std::uint32_t>(r);
            out.contacts[at] = in.contacts[k];
            out.delay[at] = in.delay[k];
        }
    return out;
}

void sort_and_fold(Rows& rows) {
    std::vector<std::uint8_t> keep(rows.partner.size(), 1);
    tbb::parallel_for(std::uint64_t{0}, rows.count(), [&](std::uint64_t r) {
        const std::uint64_t begin = rows.row[r], n = rows.row[r + 1] - begin;
        const auto partner = rows.partner.begin() + static_cast<std::ptrdiff_t>(begin);
        if (!std::is_sorted(partner, partner + static_cast<std::ptrdiff_t>(n))) {
            std::vector<std::uint64_t> order(n);
            std::iota(order.begin(), order.end(), begin);
            std::stable_sort(order.begin(), order.end(),
                             [&](std::uint64_t a, std::uint64_t b) { return rows.partner[a] < rows.partner[b]; });
            const auto apply = [&](auto& values) {
                std::vector<typename std::decay_t<decltype(values)>::value_type> sorted(n);
                for (std::uint64_t k = 0; k < n; ++k) sorted[k] = values[order[k]];
                std::copy(sorted.begin(), sorted.end(), values.begin() + static_cast<std::ptrdiff_t>(begin));
            };
            apply(rows.partner);
            apply(rows.contacts);
            apply(rows.delay);
        }
        for (std::uint64_t k = begin; k < begin + n;) {
            std::uint64_t end = k + 1;
            while (end < begin + n && rows.partner[end] == rows.partner[k]) ++end;
            if (end > k + 1) {
                double contacts = 0.0, delay = 0.0;
                for (std::uint64_t e = k; e < end; ++e) {
                    contacts += rows.contacts[e];
                    delay += rows.contacts[e] * rows.delay[e];
                    keep[e] = e == k ? 1 : 0;
                }
                rows.contacts[k] = contacts;
                if (contacts > 0.0) rows.delay[k] = delay / contacts;
            }
            k = end;
        }
    });
    if (std::find(keep.begin(), keep.end(), 0) != keep.end()) drop_entries(rows, keep);
}

void drop_entries(Rows& rows, const std::vector<std::uint8_t>& keep) {
    std::uint64_t write = 0;
    for (std::uint64_t r = 0, k = 0; r < rows.count(); ++r) {
        const std::uint64_t end = rows.row[r + 1];
        for (; k < end; ++k) {
            if (keep[k] == 0) continue;
            rows.partner[write] = rows.partner[k];
            rows.contacts[write] = rows.contacts[k];
            rows.delay[write] = rows.delay[k];
            ++write;
        }
        rows.row[r + 1] = write;
    }
    rows.partner.resize(write);
    rows.contacts.resize(write);
    rows.delay.resize(write);
}

} // namespace mfm
