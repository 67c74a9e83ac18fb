// SPDX-License-Identifier: Apache-2.0
// The cerebellar pipelines of configs/, and what their authors publish of the circuit (reference data beside the
// repository, which the product never needs: everything here is empty when they are not there).
#pragma once
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include "config/pipeline.hpp"
#include "network/network.hpp"

namespace cerebellum {

using namespace mfm;

inline const Registry& registry() {
    static const Registry plugins({TEST_PLUGIN_FOLDER});
    return plugins;
}
inline std::filesystem::path reference() {
    return std::filesystem::path(TEST_SHARED_FOLDER) / "data/cerebellum";
}

/// The lines of a comma-separated file, in cells without their quotes.
inline std::vector<std::vector<std::string>> table(const std::string& name) {
    std::ifstream file(reference() / name);
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(file, line);) {
        rows.emplace_back(1);
        bool quoted = false;
        for (const char c : line) {
            if (c == '"')
                quoted = !quoted;
            else if (c == ',' && !quoted)
                rows.back().emplace_back();
            else if (c != '\r')
                rows.back().back() += c;
        }
    }
    return rows;
}

/// A published projection: in-degree over all target cells, its spread and that of the out-degree over connected cells,
/// contacts.
struct Connection {
    double in_mean = 0, in_sd = 0, out_mean = 0, out_sd = 0, contacts_mean = 1, contacts_sd = 0;
};
/// The published table by the names that the pipeline gives the projections.
inline std::map<std::string, Connection> published_connections() {
    static const std::map<std::string, std::string> names{{"mf_to_glom", "mossy_fibers_to_glomerulus"},
                                                          {"glom_to_GrC", "glomerulus_to_granule"},
                                                          {"glom_to_GoC", "glomerulus_to_golgi"},
                                                          {"GoC_to_GrC", "golgi_to_granule"},
                                                          {"GoC_to_GoC", "golgi_to_golgi"},
                                                          {"aa_to_GoC", "ascending_axon_to_golgi"},
                                                          {"pf_to_GoC", "parallel_fiber_to_golgi"},
                                                          {"aa_to_PC", "ascending_axon_to_purkinje"},
                                                          {"pf_to_PC", "parallel_fiber_to_purkinje"},
                                                          {"pf_to_BC", "parallel_fiber_to_basket"},
                                                          {"pf_to_SC", "parallel_fiber_to_stellate"},
                                                          {"SC_to_PC", "stellate_to_purkinje"},
                                                          {"BC_to_PC", "basket_to_purkinje"},
                                                          {"SC_to_SC", "stellate_to_stellate"},
                                                          {"BC_to_BC", "basket_to_basket"}};
    const auto number = [](const std::string& text) { return text.empty() ? 0.0 : std::stod(text); };
    std::map<std::string, Connection> out;
    for (const auto& cells : table("connections.csv")) {
        const auto found = names.find(cells[0]);
        if (found == names.end() || cells.size() < 17) continue;
        out[found->second] = {number(cells[14]), number(cells[11]), number(cells[12]),
                              number(cells[13]), number(cells[15]), number(cells[16])};
    }
    return out;
}

/// Mean and sd over cells, Hz.
struct Rate {
    double mean = 0, sd = 0;
};
/// Published rates of a state ("awake") and protocol ("background 4 Hz") by population ("GrC", "GoC", ...).
inline std::map<std::string, Rate> published_rates(const std::string& state, const std::string& protocol) {
    std::map<std::string, Rate> out;
    for (const auto& cells : table("expected_rates.csv"))
        if (cells.size() > 5 && cells[0] == state && cells[1] == protocol)
            out[cells[3]] = {std::stod(cells[4]), cells[5].empty() ? 0.0 : std::stod(cells[5])};
    return out;
}

/// A copy of configs/ with the reconstructed cells beside it, as a user puts them there.
class Pipelines {
public:
    Pipelines() : folder_(std::filesystem::temp_directory_path() / ("automfm_cerebellum_" + std::to_string(getpid()))) {
        std::filesystem::copy(std::filesystem::path(TEST_SOURCE_FOLDER) / "configs", folder_,
                              std::filesystem::copy_options::recursive);
        if (has_morphologies()) {
            std::filesystem::remove_all(folder_ / "morphologies");
            std::filesystem::create_directory_symlink(reference() / "morphologies", folder_ / "morphologies");
        }
    }
    ~Pipelines() { std::filesystem::remove_all(folder_); }
    Pipelines(const Pipelines&) = delete;
    Pipelines& operator=(const Pipelines&) = delete;

    [[nodiscard]] static bool has_morphologies() { return std::filesystem::exists(reference() / "morphologies"); }
    [[nodiscard]] PipelineConfig load(const std::string& file, std::uint64_t seed,
                                      std::vector<std::string> set = {}) const {
        LoadOptions options;
        options.seed = seed;
        options.set = std::move(set);
        return load_pipeline(folder_ / file, registry(), options);
    }

private:
    std::filesystem::path folder_;
};

inline Network build(const PipelineConfig& config) {
    const auto progress = make_progress(true);
    return build_network(config, *progress);
}

} // namespace cerebellum
