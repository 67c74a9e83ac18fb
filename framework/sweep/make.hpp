// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "pipeline/changed_model.hpp"
#include "support/progress.hpp"
#include "sweep/member.hpp"
#include "sweep/plan.hpp"

namespace mfm {

inline constexpr const char* member_file = "member.h5";

/// Whether a point was made, by this version and from these inputs.
[[nodiscard]] bool is_made(const Plan&, const PlanPoint&);
[[nodiscard]] bool base_is_made(const Plan&);

/// What makes the points of one plan.  Different points may be made by several threads at once when they are mean
/// fields; derivations take all threads by themselves.
class PointMaker {
public:
    PointMaker(const Plan&, std::vector<std::filesystem::path> plugin_path, unsigned threads);
    /// Derives the base where members are mean fields of it and it is not there yet; waits while another worker does.
    void make_base(Progress&);
    /// Makes a point that the caller has the claim of, and gives its folder its name as the last thing.
    void make(const PlanPoint&, Progress&);

private:
    void derive(const DocumentNode& document, const std::filesystem::path& folder, const std::string& hash, Progress&);
    [[nodiscard]] Member solve(const DocumentNode& document);
    const Plan& plan_;
    std::vector<std::filesystem::path> plugin_path_;
    unsigned threads_;
    Registry registry_;
    std::unique_ptr<FittedBase> base_;
    std::mutex files_; ///< HDF5 takes one thread at a time
};

} // namespace mfm
