// SPDX-License-Identifier: Apache-2.0
#include "output/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/files.hpp"
#include "support/hash.hpp"
#include "support/version.hpp"

namespace mfm {

std::string compiler_name() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
    return "another compiler";
#endif
}

std::vector<ManifestPlugin> plugins_of(const PipelineConfig& config) {
    std::vector<ManifestPlugin> out;
    const auto add = [&](const PluginChoice& choice) {
        if (choice.component == nullptr) return;
        const ManifestPlugin plugin{choice.component->id(),
                                    choice.component->abi->version != nullptr ? choice.component->abi->version : "",
                                    std::filesystem::path(choice.component->file).filename().string()};
        if (std::find(out.begin(), out.end(), plugin) == out.end()) out.push_back(plugin);
    };
    for (const auto& p : config.populations)
        if (p.neuron) add(*p.neuron);
    for (const auto& p : config.projections) add(p.rule);
    for (const auto& s : config.stimulations) add(s.protocol);
    for (const auto& basis : config.transfer.bases) add(basis);
    add(config.transfer.optimizer);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return out;
}

std::string file_hash(const std::filesystem::path& file) {
    ContentHash hash;
    hash.add(std::string_view(read_file(file)));
    return hash.hex();
}

Manifest manifest_of(const PipelineConfig& config, std::uint32_t threads, std::vector<std::string> start) {
    Manifest m;
    m.automfm_version = automfm_version();
    m.compiler = compiler_name();
    m.pipeline_name = config.name;
    m.pipeline_file = config.file.filename().string();
    ContentHash hash;
    hash.add(std::string_view(config.resolved_toml));
    m.pipeline_hash = hash.hex();
    m.seed = config.seed;
    m.threads = threads;
    m.start = std::move(start);
    m.plugins = plugins_of(config);
    return m;
}

std::string manifest_json(const Manifest& m, std::span<const StageTime> stages) {
    using Json = nlohmann::ordered_json;
    const auto optional = [](const auto& x) { return x ? Json(*x) : Json(nullptr); };
    Json inputs = Json::object(), plugins = Json::array(), hashes = Json::object(), times = Json::object();
    for (const auto& [name, hash] : m.inputs) inputs[name] = hash;
    for (const auto& p : m.plugins) plugins.push_back(Json{{"id", p.id}, {"version", p.version}, {"file", p.file}});
    for (const auto& [stage, hash] : m.stage_hashes) hashes[stage] = hash;
    for (const auto& s : stages)
        times[s.name] = {{"wall_s", optional(s.wall_s)}, {"cpu_s", optional(s.cpu_s)}, {"cached", s.cached}};
    const Json manifest = {
        {"automfm", {{"version", m.automfm_version}, {"compiler", m.compiler}}},
        {"pipeline", {{"name", m.pipeline_name}, {"file", m.pipeline_file}, {"hash", m.pipeline_hash}}},
        {"inputs", inputs},
        {"seed", m.seed},
        {"plugins", plugins},
        {"stage_hashes", hashes},
        {"run", {{"threads", m.threads}, {"start", m.start}}},
        {"times", {{"started", optional(m.started)}, {"finished", optional(m.finished)}, {"stages", times}}}};
    return manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; // the command line may be no UTF-8
}

} // namespace mfm
