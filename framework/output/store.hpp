// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "network/network.hpp"
#include "output/hdf5.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "transfer/fit.hpp"
#include "transfer/table.hpp"
#include "validate/mean_field_results.hpp"

namespace mfm {

/// What a stage gave, kept for the next run.  Loading gives back every bit that was saved.  `hash` is the content hash
/// of all that the stage depends on; loading with another one throws an InputError, a file that was cut or changed a
/// DamagedFile. Layout of the files: docs/output.md.  One thread at a time.

/// Whether a stage's file can be reused, from its first lines alone.
enum class Stored {
    Missing,
    Other, ///< made from other inputs, or no result of this version of automfm
    Ready  ///< made from the same inputs; loading may still find it damaged
};
[[nodiscard]] Stored stored_state(const std::filesystem::path& file, const std::string& hash);

void save_network(const std::filesystem::path& file, const Network&, const std::string& hash);
[[nodiscard]] Network load_network(const std::filesystem::path& file, const std::string& hash);

/// `populations`: names of the network's populations, in the record's order; kept for readers of the file.
void save_spike_record(const std::filesystem::path& file, const SpikeRecord&, std::span<const std::string> populations,
                       const std::string& hash);
[[nodiscard]] SpikeRecord load_spike_record(const std::filesystem::path& file, const std::string& hash);

void save_reduction(const std::filesystem::path& file, const Reduction&, const std::string& hash);
[[nodiscard]] Reduction load_reduction(const std::filesystem::path& file, const std::string& hash);

void save_transfer_tables(const std::filesystem::path& file, std::span<const TransferTable>, const std::string& hash);
[[nodiscard]] std::vector<TransferTable> load_transfer_tables(const std::filesystem::path& file,
                                                              const std::string& hash);

void save_transfer_fits(const std::filesystem::path& file, std::span<const TransferFit>, const std::string& hash);
[[nodiscard]] std::vector<TransferFit> load_transfer_fits(const std::filesystem::path& file, const std::string& hash);

void save_mean_field(const std::filesystem::path& file, const MeanFieldResults&, const std::string& hash);
[[nodiscard]] MeanFieldResults load_mean_field(const std::filesystem::path& file, const std::string& hash);

} // namespace mfm
