// SPDX-License-Identifier: Apache-2.0
#include "simulate/neuron_group.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include "network/distribution.hpp"
#include "plugin/settings.hpp"
#include "simulate/streams.hpp"
#include "support/held.hpp"

namespace mfm {
namespace {

constexpr std::uint64_t round_up(std::uint64_t n) {
    return (n + MFM_BATCH_ALIGNMENT - 1) / MFM_BATCH_ALIGNMENT * MFM_BATCH_ALIGNMENT;
}

/// n values of a distribution, element i keyed by (seed, stream, i); drawn again while outside of the field's bounds.
std::vector<double> draw_cells(const Distribution& d, const mfm_field& field, std::uint64_t n, std::uint64_t seed,
                               std::uint64_t stream, const SourcePosition& where) {
    constexpr int most_draws = 1000;
    std::vector<double> out(n);
    for (std::uint64_t i = 0; i < n; ++i) {
        RandomSequence random(seed, stream, i);
        int draws = 0;
        do {
            if (++draws > most_draws)
                throw InputError(where, std::string("the distribution of '") + field.name +
                                            "' hardly ever gives a value within its bounds " + bounds_text(field));
            out[i] = draw(d, random);
        } while (!within_bounds(field, out[i]));
    }
    return out;
}

} // namespace

NeuronGroup::NeuronGroup(const PopulationConfig& config, std::uint64_t n, double dt, std::uint64_t seed,
                         std::uint64_t stream)
    : config_(&config), instance_(*config.neuron->component, config.neuron->settings, config.neuron->where),
      table_(&instance_.table<mfm_neuron_v1>(MFM_NEURON_ID)), n_(n), padded_(round_up(n)), seed_(seed), stream_(stream),
      dt_(dt), n_ports_(static_cast<std::uint32_t>(config.receptors.size())) {
    std::array<const mfm_receptor*, MFM_MAX_PORTS + 1> receptors{};
    if (config.receptors.size() > MFM_MAX_PORTS)
        throw InputError(config.where, "population '" + config.name + "' has " +
                                           std::to_string(config.receptors.size()) +
                                           " receptors; at most 8 are possible");
    for (std::size_t i = 0; i < config.receptors.size(); ++i) receptors[i] = &config.receptors[i];
    mfm_error error = empty_error();
    check_status(table_->set_receptors(instance_.self(), n_ports_, receptors.data(), &error), error,
                 instance_.component(), "set_receptors", config.where);
    const mfm_field* const* fields = nullptr;
    std::uint32_t n_dynamic = 0;
    check_status(table_->states(instance_.self(), &fields, &n_dynamic, &error), error, instance_.component(), "states",
                 config.where);
    for (; *fields != nullptr; ++fields) {
        fields_.push_back(*fields);
        state_names_.emplace_back((*fields)->name);
        state_.emplace_back(padded_, 0.0);
    }
    const SettingValues& values = instance_.settings();
    for (const SettingValue& value : values) {
        setting_.emplace_back(1, value.kind == MFM_REAL ? value.real : 0.0);
        stride_.push_back(0);
    }
    for (std::size_t k = 0; k < config.distributed.size(); ++k)
        set_setting(config.distributed[k].first,
                    draw_cells(config.distributed[k].second,
                               *config.neuron->component->abi->settings[config.distributed[k].first], n, seed,
                               stream_number(StreamPurpose::Parameter, stream ^ config.distributed[k].first),
                               config.where));

    std::vector<double*> state;
    for (auto& s : state_) state.push_back(s.data());
    std::vector<const double*> setting;
    for (auto& s : setting_) setting.push_back(s.data());
    mfm_neuron_batch batch{};
    batch.size = sizeof batch;
    batch.n = static_cast<std::uint32_t>(padded_);
    batch.n_live = static_cast<std::uint32_t>(n_);
    batch.seed = seed_;
    batch.stream = stream_;
    batch.dt = dt_;
    batch.state = state.data();
    batch.setting = setting.data();
    batch.setting_stride = stride_.data();
    const HeldBy call(instance_.component().abi->id, "initialise");
    check_status(table_->initialise(instance_.self(), &batch, &error), error, instance_.component(), "initialise",
                 config.where);
    for (std::size_t k = 0; k < config.initial.size(); ++k)
        set_initial(config.initial[k].first, config.initial[k].second, k, config.where);
}

int NeuronGroup::state_with_role(std::string_view role) const {
    for (std::size_t i = 0; i < fields_.size(); ++i)
        if (fields_[i]->role != nullptr && role == fields_[i]->role) return static_cast<int>(i);
    return -1;
}
int NeuronGroup::state_index(std::string_view name) const {
    const auto found = std::find(state_names_.begin(), state_names_.end(), name);
    return found == state_names_.end() ? -1 : static_cast<int>(found - state_names_.begin());
}

void NeuronGroup::set_setting(std::size_t index, double value) {
    setting_[index].assign(1, value);
    stride_[index] = 0;
}
void NeuronGroup::set_setting(std::size_t index, std::span<const double> values) {
    setting_[index].assign(padded_, values.empty() ? 0.0 : values.back());
    std::copy(values.begin(), values.end(), setting_[index].begin());
    stride_[index] = 1;
}
void NeuronGroup::shift_setting(std::size_t index, double by) {
    for (double& value : setting_[index]) value += by;
}
void NeuronGroup::set_initial(std::string_view name, const Distribution& d, std::uint64_t key,
                              const SourcePosition& where) {
    const int index = state_index(name);
    if (index < 0)
        throw InputError(where, "neuron '" + instance_.component().id() + "' has no state '" + std::string(name) + "'" +
                                    did_you_mean(name, state_names_));
    const std::vector<double> values = draw_cells(d, *fields_[static_cast<std::size_t>(index)], n_, seed_,
                                                  stream_number(StreamPurpose::Initial, stream_ ^ key), where);
    std::copy(values.begin(), values.end(), state_[static_cast<std::size_t>(index)].begin());
}
void NeuronGroup::set_drives(std::vector<PoissonDrive> drives) {
    drives_.clear();
    for (PoissonDrive& d : drives) {
        const double events = *std::max_element(d.rate_hz.begin(), d.rate_hz.end()) * 1e-3 * dt_;
        const double parts = std::max(1.0, std::ceil(events / MFM_MOST_EVENTS));
        for (double& rate : d.rate_hz) rate /= parts;
        drives_.insert(drives_.end(), static_cast<std::size_t>(parts), d);
    }
    for (PoissonDrive& d : drives_) {
        if (d.rate_hz.size() > 1) d.rate_hz.resize(padded_, 0.0);
        if (d.weight.size() > 1) d.weight.resize(padded_, 0.0);
    }
}

void NeuronGroup::advance(const Range& range, const double* const* rows, mfm_spikes* spikes,
                          std::uint32_t* spike_count) {
    // Pointers to this range's part of every array.  A thread keeps its lists from call to call: calls can run side by
    // side, and none of them allocates.
    struct Lists {
        std::vector<double*> state;
        std::vector<const double*> setting;
        std::vector<mfm_drive> drive;
        std::vector<const mfm_drive*> drives;
    };
    thread_local Lists lists;
    const std::uint64_t at = range.first;
    lists.state.resize(state_.size());
    for (std::size_t i = 0; i < state_.size(); ++i) lists.state[i] = state_[i].data() + at;
    lists.setting.resize(setting_.size());
    for (std::size_t i = 0; i < setting_.size(); ++i)
        lists.setting[i] = setting_[i].data() + (stride_[i] != 0 ? at : 0);
    lists.drive.resize(drives_.size());
    lists.drives.assign(drives_.size() + 1, nullptr);
    for (std::size_t i = 0; i < drives_.size(); ++i) {
        const PoissonDrive& d = drives_[i];
        const std::uint32_t rate_stride = d.rate_hz.size() > 1, weight_stride = d.weight.size() > 1;
        lists.drive[i] = {sizeof(mfm_drive),
                          d.port,
                          rate_stride,
                          weight_stride,
                          d.rate_hz.data() + (rate_stride != 0 ? at : 0),
                          d.weight.data() + (weight_stride != 0 ? at : 0)};
        lists.drives[i] = &lists.drive[i];
    }
    mfm_neuron_batch batch{};
    batch.size = sizeof batch;
    batch.n = static_cast<std::uint32_t>(range.n);
    batch.n_live = static_cast<std::uint32_t>(std::min(range.n, n_ > at ? n_ - at : 0));
    batch.n_steps = range.n_steps;
    batch.seed = seed_;
    batch.stream = stream_;
    batch.first_neuron = at;
    batch.first_step = range.first_step;
    batch.dt = dt_;
    batch.state = lists.state.data();
    batch.setting = lists.setting.data();
    batch.setting_stride = stride_.data();
    batch.input = rows;
    batch.drive = drives_.empty() ? nullptr : lists.drives.data();
    batch.spikes = spikes;
    batch.spike_count = spike_count != nullptr ? spike_count + at : nullptr;
    mfm_error error = empty_error();
    const HeldBy call(instance_.component().abi->id, "advance");
    check_status(table_->advance(instance_.self(), &batch, &error), error, instance_.component(), "advance",
                 config_->where);
}

void NeuronGroup::save(StateWriter& out) const {
    for (std::size_t s = 0; s < state_.size(); ++s) out.put(config_->name + "/" + state_names_[s], state_[s]);
}
void NeuronGroup::restore(StateReader& in) {
    for (std::size_t s = 0; s < state_.size(); ++s)
        in.get(config_->name + "/" + state_names_[s], std::span<double>(state_[s]));
}

bool NeuronGroup::find_not_finite(std::size_t& state, std::uint64_t& cell) const {
    for (std::size_t s = 0; s < state_.size(); ++s) {
        // x - x is 0 for a finite number and NaN otherwise, and a sum keeps it; several sums go side by side.
        std::array<double, MFM_BATCH_ALIGNMENT> sum{};
        for (std::uint64_t i = 0; i < padded_; i += MFM_BATCH_ALIGNMENT)
            for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += state_[s][i + k] - state_[s][i + k];
        if (std::all_of(sum.begin(), sum.end(), [](double x) { return x == 0.0; })) continue;
        for (std::uint64_t i = 0; i < n_; ++i)
            if (!std::isfinite(state_[s][i])) {
                state = s;
                cell = i;
                return true;
            }
    }
    return false;
}

} // namespace mfm
