// SPDX-License-Identifier: Apache-2.0
#include "sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <system_error>

#include "output/csv.hpp"
#include "pipeline/changed_model.hpp"
#include "pipeline/model_equations.hpp"
#include "support/files.hpp"
#include "support/hash.hpp"
#include "support/version.hpp"
#include "sweep/claim.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

constexpr const char* plan_file = "plan.csv";
constexpr const char* pipeline_file = "pipeline.toml";

/// A text file of any length, written line by line beside its name, and renamed when it is whole.
class LineFile {
public:
    explicit LineFile(fs::path target) : target_(std::move(target)), partial_(target_.string() + ".partial") {
        out_.open(partial_, std::ios::binary | std::ios::trunc);
        require();
    }
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;
    ~LineFile() {
        std::error_code ignored;
        if (!kept_) fs::remove(partial_, ignored);
    }
    void line(const std::string& text) {
        out_ << text << '\n';
        require();
    }
    void keep() {
        out_.close();
        require();
        fs::rename(partial_, target_);
        kept_ = true;
    }

private:
    void require() {
        if (!out_) throw DiskError(fmt::format("cannot write '{}': {}", target_.string(), std::strerror(errno)));
    }
    fs::path target_, partial_;
    std::ofstream out_;
    bool kept_ = false;
};

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> fields(1);
    for (const char c : line)
        if (c == ',')
            fields.emplace_back();
        else if (c != '\r')
            fields.back() += c;
    return fields;
}

const VariantConfig& variant_of(const std::vector<VariantConfig>& variants, const std::string& name) {
    std::vector<std::string> names;
    for (const VariantConfig& v : variants) {
        if (v.name == name) return v;
        names.push_back(v.name);
    }
    throw InputError(fmt::format("library.variants: there is no [variant.{}]{}", name, did_you_mean(name, names)));
}

std::string point_line(const Plan& plan, const PlanPoint& point) {
    std::string line = point.name + "," + point.variant;
    for (std::size_t a = 0; a < plan.library.axes.size(); ++a)
        line += point.values.empty() ? "," : fmt::format(",{}", point.values[a]);
    return line;
}

void name_point(const Plan& plan, PlanPoint& point) {
    point.name = point_name(point_hash(plan, point_document(plan, point)));
}

/// Every axis by itself at both ends, and every variant: pipelines that can be read, and that a mean field can follow.
void check_points(const Plan& plan, const Registry& registry, const PipelineConfig& config) {
    FittedBase base;
    base.config = config;
    const auto check = [&](DocumentNode document, const SourcePosition& where, const std::string& what) {
        try {
            const PipelineConfig changed = read_pipeline(std::move(document), plan.folder / pipeline_file, registry);
            if (plan.library.points == LibraryConfig::Points::MeanField) require_followable(base, changed);
        } catch (const InputError& error) {
            throw InputError(where, fmt::format("{}: {}", what, error.what()));
        }
    };
    LibraryConfig alone = plan.library;
    for (const LibraryAxis& axis : plan.library.axes)
        for (const double end : {axis.lower, axis.upper}) {
            alone.axes = {axis};
            DocumentNode document = base_document(plan);
            apply_changes(document, changes_of(alone, {end}));
            check(std::move(document), axis.where, fmt::format("axis '{}' at {}", axis.name, axis_text(axis, end)));
        }
    for (const std::string& name : plan.library.variants) {
        PlanPoint point;
        point.variant = name;
        check(point_document(plan, point), variant_of(plan.variants, name).where, "variant '" + name + "'");
    }
}

} // namespace

fs::path Plan::point_folder(const PlanPoint& point) const {
    return folder / "points" / point.name.substr(0, 2) / point.name;
}
fs::path Plan::working_folder(const PlanPoint& point) const {
    return folder / "points" / point.name.substr(0, 2) / (point.name + ".part");
}
fs::path Plan::lock(const PlanPoint& point) const {
    return folder / "points" / point.name.substr(0, 2) / (point.name + ".lock");
}

DocumentNode base_document(const Plan& plan) {
    DocumentNode document = plan.document;
    std::erase_if(document.entries,
                  [](const DocumentEntry& entry) { return entry.key == "library" || entry.key == "variant"; });
    return document;
}

DocumentNode point_document(const Plan& plan, const PlanPoint& point) {
    DocumentNode document = base_document(plan);
    const std::vector<Change> changes = point.values.empty() ? variant_of(plan.variants, point.variant).changes
                                                             : changes_of(plan.library, point.values);
    apply_changes(document, changes);
    return document;
}

std::string point_hash(const Plan& plan, const DocumentNode& document) {
    ContentHash hash;
    hash.add(std::string_view(automfm_version()));
    hash.add(std::string_view(points_name(plan.library.points)));
    hash.add(std::string_view(to_toml(document)));
    if (plan.library.points == LibraryConfig::Points::MeanField)
        hash.add(std::string_view(to_toml(base_document(plan))));
    return hash.hex();
}
std::string point_name(const std::string& hash) {
    return hash.substr(0, 16);
}
std::string base_hash(const Plan& plan) {
    ContentHash hash;
    hash.add(std::string_view(automfm_version()));
    hash.add(std::string_view(to_toml(base_document(plan))));
    return hash.hex();
}

std::string describe(const Plan& plan, const PlanPoint& point) {
    std::string text;
    for (std::size_t a = 0; a < point.values.size(); ++a)
        text += fmt::format("{}{} = {}", a == 0 ? "" : ", ", plan.library.axes[a].name,
                            axis_text(plan.library.axes[a], point.values[a]));
    if (text.empty()) return point.variant;
    return point.variant.empty() ? text : text + " (" + point.variant + ")";
}

Plan plan_of(DocumentNode document, fs::path folder) {
    Plan plan;
    plan.folder = std::move(folder);
    plan.library = read_library(document);
    plan.variants = read_variants(document);
    for (const std::string& name : plan.library.variants) static_cast<void>(variant_of(plan.variants, name));
    if (const DocumentNode* seed = document.find("seed"); seed != nullptr && seed->kind == DocumentNode::Kind::Integer)
        plan.seed = static_cast<std::uint64_t>(seed->integer);
    if (const DocumentNode* name = document.find("name")) plan.name = name->text;
    plan.document = std::move(document);
    return plan;
}

Plan open_plan(const fs::path& folder) {
    std::error_code ignored;
    if (!fs::exists(folder / plan_file, ignored) || !fs::exists(folder / pipeline_file, ignored))
        throw InputError(fmt::format("'{}' holds no plan of a sweep; `automfm sweep plan FILE --out {}` makes one",
                                     folder.string(), folder.string()));
    return plan_of(read_document(folder / pipeline_file, {}), folder);
}

PlanSummary write_plan(const PlanOptions& options) {
    LoadOptions load;
    load.set = options.set;
    load.plugin_folders = options.plugin_path;
    const Registry registry(plugin_search_path(plugin_folders_of(options.file, load)));
    static_cast<void>(read_library(read_document(options.file, options.set))); // with places in the user's own files
    PipelineConfig config = load_pipeline(options.file, registry, load);
    const fs::path folder = options.out.empty() ? default_run_folder(options.file) : options.out;
    fs::create_directories(folder);
    const auto claim = Claim::take(folder / "plan.lock");
    if (!claim) throw InputError(fmt::format("'{}' is being planned by another process", folder.string()));
    // Another plan's lines must not stand beside this one's pipeline.
    fs::remove(folder / plan_file);
    std::string text = config.resolved_toml;
    if (read_document(options.file, options.set).find("name") == nullptr)
        text = "name = \"" + config.name + "\"\n" + text; // the file's own name would be lost
    write_file(folder / pipeline_file, text);
    const Plan plan = plan_of(read_document(folder / pipeline_file, {}), folder);
    check_points(plan, registry, read_pipeline(base_document(plan), folder / pipeline_file, registry));

    std::map<std::string, PlanPoint> variants; // by the points' names
    std::vector<std::string> order;
    for (const std::string& name : plan.library.variants) {
        PlanPoint point;
        point.variant = name;
        name_point(plan, point);
        if (!variants.emplace(point.name, point).second)
            throw InputError(variant_of(plan.variants, name).where,
                             fmt::format("variant '{}' is the same as '{}'", name, variants.at(point.name).variant));
        order.push_back(point.name);
    }
    LineFile out(folder / plan_file);
    std::string header = "point,variant";
    for (const LibraryAxis& axis : plan.library.axes) header += "," + axis.name;
    out.line(header);
    PlanSummary summary{folder, 0, points_name(plan.library.points), method_name(plan.library.method)};
    PlanPoint point;
    for (std::uint64_t i = 0; i < plan.library.size(); ++i) {
        point.values = point_values(plan.library, i, plan.seed);
        point.variant.clear();
        name_point(plan, point);
        if (const auto same = variants.find(point.name); same != variants.end()) {
            point.variant = same->second.variant; // one member with both
            variants.erase(same);
        }
        out.line(point_line(plan, point));
        ++summary.points;
    }
    for (const std::string& name : order)
        if (const auto left = variants.find(name); left != variants.end()) {
            out.line(point_line(plan, left->second));
            ++summary.points;
        }
    out.keep();
    return summary;
}

PlanReader::PlanReader(const Plan& plan) : plan_(plan), path_(plan.folder / plan_file), in_(path_, std::ios::binary) {
    std::string header;
    if (!in_ || !std::getline(in_, header)) throw InputError("cannot read the plan '" + path_.string() + "'");
    if (split(header).size() != plan.library.axes.size() + 2)
        throw InputError("'" + path_.string() +
                         "' is not the plan of the pipeline beside it; make it again with `automfm sweep plan`");
}

std::optional<PlanPoint> PlanReader::next() {
    std::string line;
    if (!std::getline(in_, line)) return std::nullopt;
    const std::vector<std::string> fields = split(line);
    const auto damaged = [&] {
        return InputError(fmt::format("'{}' is damaged in line {}; make it again with `automfm sweep plan`",
                                      path_.string(), line_ + 2));
    };
    if (fields.size() != plan_.library.axes.size() + 2 || fields[0].size() != 16) throw damaged();
    PlanPoint point;
    point.index = line_;
    point.name = fields[0];
    point.variant = fields[1];
    for (std::size_t a = 2; a < fields.size(); ++a) {
        if (fields[a].empty()) continue;
        double value = 0;
        const char* end = fields[a].data() + fields[a].size();
        if (const auto [stop, failure] = std::from_chars(fields[a].data(), end, value);
            failure != std::errc{} || stop != end)
            throw damaged();
        point.values.push_back(value);
    }
    if (point.values.size() != plan_.library.axes.size() && !(point.values.empty() && !point.variant.empty()))
        throw damaged();
    ++line_;
    return point;
}

} // namespace mfm
