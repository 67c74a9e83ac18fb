// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

namespace mfm {

/// What a rule gave: compressed rows of either orientation; contacts and delays go with the partners.
struct Rows {
    std::vector<std::uint64_t> row;     ///< [rows + 1]
    std::vector<std::uint32_t> partner; ///< [entries]
    std::vector<double> contacts;       ///< [entries]
    std::vector<double> delay;          ///< [entries], ms
    [[nodiscard]] std::uint64_t count() const { return row.empty() ? 0 : row.size() - 1; }
};

/// The same entries by partner; a row of the result is sorted.  O(entries + partners).
[[nodiscard]] Rows transposed(const Rows&, std::uint64_t partners);

/// Sorts every row by partner and folds repeated partners into one entry: contacts add up, the delay is their mean over
/// contacts.
void sort_and_fold(Rows&);

/// Drops the entries for which keep[k] is 0.
void drop_entries(Rows&, const std::vector<std::uint8_t>& keep);

} // namespace mfm
