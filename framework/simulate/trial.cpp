// SPDX-License-Identifier: Apache-2.0
#include "simulate/trial.hpp"

#include <fmt/format.h>

#include "support/hash.hpp"
#include "support/state_file.hpp"

namespace mfm {
namespace {

// The numbers of the layouts: to be raised when what is kept changes.
constexpr const char* result_kind = "trial 2";
constexpr const char* state_kind = "simulation 2";

constexpr double PopulationActivity::*numbers[] = {
    &PopulationActivity::rate_hz,    &PopulationActivity::rate_se_hz,        &PopulationActivity::rate_firing_hz,
    &PopulationActivity::rate_sd_hz, &PopulationActivity::rate_sd_firing_hz, &PopulationActivity::firing_fraction,
    &PopulationActivity::fano,       &PopulationActivity::correlation,       &PopulationActivity::cv_isi};
constexpr std::vector<double> PopulationActivity::*series[] = {
    &PopulationActivity::cell_rate_hz, &PopulationActivity::course_hz, &PopulationActivity::course_se_hz,
    &PopulationActivity::spike_time, &PopulationActivity::raster_time};

} // namespace

TrialFiles::TrialFiles(const TrialCache& cache, const Network& network, std::size_t condition, std::uint32_t trial)
    : result_(cache.folder / fmt::format("{:04}-{:04}.result", condition, trial)),
      state_(cache.folder / fmt::format("{:04}-{:04}.state", condition, trial)) {
    ContentHash hash;
    hash.add(std::string_view(cache.hash));
    hash.add(std::string_view(network.hash));
    hash.add(std::uint64_t{condition});
    hash.add(std::uint64_t{trial});
    hash_ = hash.hex();
}

std::optional<TrialResult> TrialFiles::result() const {
    if (!std::filesystem::exists(result_)) return {};
    StateReader in(result_, result_kind, hash_);
    TrialResult out;
    std::uint64_t populations = 0;
    in.get("populations", populations);
    out.activity.resize(populations);
    for (PopulationActivity& a : out.activity) {
        for (const auto number : numbers) in.get("number", a.*number);
        for (const auto values : series) in.get("series", a.*values);
        in.get("spike_cell", a.spike_cell);
        in.get("raster_cells", a.raster_cells);
        in.get("raster_cell", a.raster_cell);
    }
    in.get("covariance", out.covariance);
    return out;
}

void TrialFiles::keep(const TrialResult& result) const {
    StateWriter out(result_kind, hash_);
    out.put("populations", std::uint64_t{result.activity.size()});
    for (const PopulationActivity& a : result.activity) {
        for (const auto number : numbers) out.put("number", a.*number);
        for (const auto values : series) out.put("series", a.*values);
        out.put("spike_cell", a.spike_cell);
        out.put("raster_cells", a.raster_cells);
        out.put("raster_cell", a.raster_cell);
    }
    out.put("covariance", result.covariance);
    out.save(result_);
    std::filesystem::remove(state_);
}

bool TrialFiles::restore(Engine& engine, Recorder& recorder) const {
    if (!std::filesystem::exists(state_)) return false;
    StateReader in(state_, state_kind, hash_);
    engine.restore(in);
    recorder.restore(in);
    return true;
}

void TrialFiles::keep(const Engine& engine, const Recorder& recorder) const {
    StateWriter out(state_kind, hash_);
    engine.save(out);
    recorder.save(out);
    out.save(state_);
}

} // namespace mfm
