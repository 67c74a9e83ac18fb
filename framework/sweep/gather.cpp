// SPDX-License-Identifier: Apache-2.0
#include "sweep/gather.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unordered_map>

#include "output/hdf5.hpp"
#include "output/library_figures.hpp"
#include "output/library_file.hpp"
#include "output/text_table.hpp"
#include "support/files.hpp"
#include "support/progress.hpp"
#include "sweep/interpolation.hpp"
#include "sweep/make.hpp"
#include "sweep/plan.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

/// Whether somebody holds this lock now; makes nothing.
bool is_locked(const fs::path& lock) {
    const int fd = ::open(lock.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    const bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
    ::close(fd);
    return held;
}

std::string verdict_of(const Plan& plan, const PlanPoint& point) {
    return Hdf5Reader(plan.point_folder(point) / member_file).text("/", "verdict");
}

/// Columns of all members, in the order in which they first appear.
class Columns {
public:
    void take(const Member& member) {
        for (const Entry& entry : member.entries) {
            const auto [known, is_new] = index_.emplace(entry.column, names.size());
            if (!is_new) continue;
            names.push_back(entry.column);
            units.push_back(entry.unit);
        }
    }
    [[nodiscard]] std::size_t index(const std::string& column) const { return index_.at(column); }
    std::vector<std::string> names, units;

private:
    std::unordered_map<std::string, std::size_t> index_;
};

Member member_of(const Plan& plan, const PlanPoint& point) {
    const fs::path file = plan.point_folder(point) / member_file;
    return load_member(file, read_stamp(file).hash);
}

} // namespace

SweepStatus sweep_status(const fs::path& folder) {
    const Plan plan = open_plan(folder);
    SweepStatus status;
    status.has_base = plan.library.points == LibraryConfig::Points::MeanField;
    status.base_made = status.has_base && base_is_made(plan);
    std::map<std::string, std::uint64_t> verdicts;
    PlanReader points(plan);
    while (const auto point = points.next()) {
        ++status.points;
        std::error_code ignored;
        if (is_made(plan, *point)) {
            ++status.made;
            if (!status.has_base) ++verdicts[verdict_of(plan, *point)];
        } else if (is_locked(plan.lock(*point))) {
            ++status.under_way;
        } else if (fs::exists(plan.working_folder(*point), ignored)) {
            ++status.begun;
        }
    }
    for (const auto& [name, count] : verdicts) {
        status.verdicts.push_back(name);
        status.counts.push_back(count);
    }
    return status;
}

std::string status_text(const SweepStatus& s) {
    std::string text;
    if (s.has_base) text += fmt::format("base: {}\n", s.base_made ? "made" : "not made yet");
    text += fmt::format("points: {} of {} made", s.made, s.points);
    if (s.under_way > 0) text += fmt::format(", {} under way", s.under_way);
    if (s.begun > 0) text += fmt::format(", {} begun and left", s.begun);
    text += "\n";
    for (std::size_t i = 0; i < s.verdicts.size(); ++i)
        text += fmt::format("  {}: {}\n", s.verdicts[i].empty() ? "not judged" : s.verdicts[i], s.counts[i]);
    return text;
}

std::string status_json(const SweepStatus& s) {
    nlohmann::ordered_json verdicts = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < s.verdicts.size(); ++i) verdicts[s.verdicts[i]] = s.counts[i];
    const nlohmann::ordered_json json = {
        {"points", s.points},
        {"made", s.made},
        {"under_way", s.under_way},
        {"begun", s.begun},
        {"complete", s.complete()},
        {"base", s.has_base ? nlohmann::ordered_json(s.base_made ? "made" : "missing") : nullptr},
        {"verdicts", verdicts}};
    return json.dump(2) + "\n";
}

GatherSummary gather_sweep(const GatherOptions& options) {
    install_interrupt_handler();
    const Plan plan = open_plan(options.plan);
    ModelLibrary library;
    library.name = plan.name;
    library.config = plan.library;
    library.pipeline_toml = read_file(plan.folder / "pipeline.toml");
    if (plan.library.points == LibraryConfig::Points::MeanField && base_is_made(plan))
        library.base_verdict = load_member(plan.base_folder() / member_file, base_hash(plan)).verdict;
    Columns columns;
    {
        PlanReader points(plan);
        while (const auto point = points.next()) {
            throw_if_interrupted();
            if (is_made(plan, *point))
                columns.take(member_of(plan, *point));
            else
                library.missing.push_back(point->name);
        }
    }
    if (!library.missing.empty() && !options.partial)
        throw InputError(fmt::format(
            "{} points are not made yet (`automfm sweep status {}`); make them with `automfm sweep run {}`, or "
            "take what there is with --partial",
            library.missing.size(), plan.folder.string(), plan.folder.string()));
    library.columns = columns.names;
    library.units = columns.units;
    PlanReader points(plan);
    while (const auto point = points.next()) {
        throw_if_interrupted();
        if (!is_made(plan, *point)) continue;
        const Member member = member_of(plan, *point);
        library.members.push_back({point->name, point->variant, member.verdict, point->values});
        const std::size_t row = library.values.size();
        library.values.resize(row + columns.names.size(), std::numeric_limits<double>::quiet_NaN());
        for (const Entry& entry : member.entries) library.values[row + columns.index(entry.column)] = entry.value;
    }
    if (library.members.empty()) throw InputError("no point is made yet; there is nothing to gather");
    library.method = Interpolation::method(library.config);
    library.error = Interpolation(library).leave_one_out();

    GatherSummary summary;
    summary.file = options.out.empty() ? plan.folder / "library.h5" : options.out;
    save_model_library(summary.file, library);
    fs::path beside = summary.file;
    beside.replace_extension();
    write_library_csv(beside.string() + ".csv", library);
    const std::string line = write_figures(beside.string() + "_figures", library_figures(library));
    if (!line.empty()) summary.notes.push_back(line);
    summary.members = library.members.size();
    summary.missing = library.missing.size();
    return summary;
}

} // namespace mfm
