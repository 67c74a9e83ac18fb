// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "output/compare.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

bool is_run(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "summary.json", ignored);
}
/// Names of the runs in a folder, in order.
std::vector<std::string> runs_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator at(folder.empty() ? "." : folder, failure), end; !failure && at != end;
         at.increment(failure))
        if (is_run(at->path())) names.push_back(at->path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// The folder that a user's name means.
fs::path folder_of(const std::string& name) {
    std::error_code ignored;
    const auto colon = name.rfind(':');
    if (colon != std::string::npos && !fs::is_directory(name, ignored)) {
        const fs::path run = folder_of(name.substr(0, colon));
        const std::string variant = name.substr(colon + 1);
        if (is_run(run / "variants" / variant)) return run / "variants" / variant;
        const std::vector<std::string> known = runs_in(run / "variants");
        if (known.empty()) throw InputError(fmt::format("'{}' has no variants that were run", run.string()));
        throw InputError(fmt::format("'{}' has no variant '{}'{}; it has {}", run.string(), variant,
                                     did_you_mean(variant, known), fmt::join(known, ", ")));
    }
    fs::path folder = fs::path(name).lexically_normal();
    if (folder.filename().empty()) folder = folder.parent_path(); // runs/a/
    if (is_run(folder)) return folder;
    if (fs::is_directory(folder, ignored)) {
        const std::vector<std::string> inside = runs_in(folder);
        const std::string hint = inside.empty() ? "it has no summary.json, which a run writes last"
                                                : fmt::format("the runs in it are {}", fmt::join(inside, ", "));
        throw InputError(fmt::format("'{}' is no run's folder: {}", name, hint));
    }
    if (fs::exists(folder, ignored))
        throw InputError(fmt::format("'{}' is a file; give the folder of its run, as in runs/NAME", name));
    throw InputError(fmt::format("there is no folder '{}'{}", name,
                                 did_you_mean(folder.filename().string(), runs_in(folder.parent_path()))));
}

nlohmann::json read_json(const fs::path& file) {
    try {
        return nlohmann::json::parse(read_file(file));
    } catch (const nlohmann::json::exception&) {
        throw InputError(fmt::format("'{}' is damaged; run the pipeline again", file.string()));
    }
}

FinishedRun read_run(const std::string& label, const fs::path& folder) {
    const fs::path pipeline = folder / "pipeline.resolved.toml";
    return {label, folder, read_json(folder / "summary.json"), read_json(folder / "manifest.json"),
            parse_document(read_file(pipeline), pipeline.string())};
}

} // namespace

std::vector<FinishedRun> read_runs(const std::vector<std::string>& names) {
    std::vector<FinishedRun> runs;
    for (const std::string& name : names) runs.push_back(read_run(name, folder_of(name)));
    if (runs.size() > 1) return runs;
    if (runs.empty()) throw InputError("give the folders of runs to compare");
    const std::vector<std::string> variants = runs_in(runs[0].folder / "variants");
    if (variants.empty())
        throw InputError(fmt::format("'{}' has no variants to compare it with; give another run as well", names[0]));
    for (const std::string& variant : variants)
        runs.push_back(read_run(names[0] + ":" + variant, runs[0].folder / "variants" / variant));
    return runs;
}

} // namespace mfm
