// SPDX-License-Identifier: Apache-2.0
// Values of every type that the run folder keeps, made up but complete: odd names, empty lists, NaN, denormals.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>

#include "network/network.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "transfer/fit.hpp"
#include "transfer/table.hpp"
#include "validate/mean_field_results.hpp"

namespace fixture {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double tiny = std::numeric_limits<double>::denorm_min();

/// A folder of its own that goes with the test.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "automfm_output_XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline mfm::Network network() {
    mfm::Network n;
    n.hash = "0123";
    n.lower = {-1.5, 0, tiny};
    n.upper = {300, 200.25, 1.0 / 3.0};
    n.populations.resize(2);
    n.populations[0] = {"mossy/fibres %1", 2, {}};
    n.populations[1] = {"golgi_cell", 3, {{{0.1, 0.2, 0.3}, {1, 2, 3}, {-0.0, 5e300, tiny}}}};
    mfm::Projection plain;
    plain.name = "plain";
    plain.source = 0;
    plain.target = 1;
    plain.port = 2;
    plain.row = {0, 1, 4};
    plain.to = {2, 0, 1, 2};
    plain.weight = 0.1;
    plain.delay = 1.0 / 3.0;
    mfm::Projection rich = plain;
    rich.name = ".rich";
    rich.source = 1;
    rich.row = {0, 0, 2, 2};
    rich.to = {0, 1};
    rich.contacts = {1.0f, 159.3f};
    rich.weights = {0.1, 0.7};
    rich.delays = {1.1, 2.2};
    n.projections = {plain, rich};
    return n;
}

inline mfm::SpikeRecord record() {
    mfm::SpikeRecord r;
    mfm::ConditionRecord c;
    c.stimulation = "background";
    c.label = "4 Hz";
    c.condition = 3;
    c.level_hz = 4;
    c.duration = 5000;
    c.transient = 200;
    c.trials = 2;
    c.target = "mossy/fibres %1";
    c.stimulated_cells = 117;
    c.target_cells = 117;
    c.stimulus_hz = {4, 4, 4};
    c.count_covariance = {1, 2, 3, 0.1};
    c.population.resize(2);
    c.population[0].rate_hz = 4.1;
    c.population[0].fano = nan;
    c.population[1].rate_hz = 12.3;
    c.population[1].rate_se_hz = 0.2;
    c.population[1].rate_firing_hz = 13;
    c.population[1].rate_sd_hz = 5;
    c.population[1].rate_sd_firing_hz = 4;
    c.population[1].firing_fraction = 0.9;
    c.population[1].correlation = 0.15;
    c.population[1].cv_isi = 0.6;
    c.population[1].cell_rate_hz = {1.0 / 3.0, tiny, 0};
    c.population[1].course_hz = {1, nan, 3};
    c.population[1].course_se_hz = {0.1, 0.2, 0.3};
    c.population[1].spike_cell = {2, 0};
    c.population[1].spike_time = {0.1, 0.30000000000000004};
    mfm::ConditionRecord step = c;
    step.stimulation = "step";
    step.label = "";
    step.stationary = false;
    step.onset = 500;
    step.offset = 750;
    step.frequency_hz = 6;
    step.course_bin = 0.5;
    step.count_covariance.clear();
    r.conditions = {c, step};
    r.conditions[1].population[0].raster_cells = 2;
    r.conditions[1].population[1].raster_cells = 3;
    r.conditions[1].population[1].raster_cell = {2, 0};
    r.conditions[1].population[1].raster_time = {0.5, 1.0 / 3.0};
    return r;
}

inline mfm::Reduction reduction() {
    mfm::Reduction r;
    r.populations = {
        {"mossy", 0, 117, true}, {"golgi", 2, 71, false}, {"outside", mfm::no_cells, 71, true, true, 1.0 / 3.0}};
    mfm::Pathway w;
    w.name = "mossy -> golgi";
    w.source = 0;
    w.target = 1;
    w.port = 1;
    w.receptor.size = sizeof(mfm_receptor);
    w.receptor.shape = MFM_RECEPTOR_BIEXPONENTIAL;
    w.receptor.flags = MFM_RECEPTOR_CURRENT;
    w.receptor.tau = 0.23;
    w.receptor.tau_rise = 0.1;
    w.receptor.E_rev = -80;
    w.K = 13.7;
    w.K_sd = 4.4;
    w.Q = 2.11;
    w.delay = 2;
    w.source_fraction = 0.993;
    w.in_degree = {13.5f, 0.0f};
    w.derived = {
        {"K", "1", "E[m]^2 / E[m^2] K", 13.7, {{"connected cells only", 14.2}, {"K times phase locking", 4.0}}},
        {"Q", "nS", "Q E[m^2] / E[m] — µ", 2.11, {}}};
    r.pathways = {w, mfm::Pathway{}};
    r.pathways[1].name = "";
    return r;
}

inline std::vector<mfm::TransferTable> tables() {
    mfm::TransferTable t;
    t.population = "golgi";
    mfm::TransferPoint a;
    a.nu = {4, 11.5};
    a.G_e = 0.3;
    a.G_i = 1.2;
    a.rate_hz = 12.25;
    a.se_hz = 0.1;
    a.cv_isi = nan;
    a.mean_adaptation = 17;
    a.seconds = 200;
    mfm::TransferPoint b = a;
    b.nu = {1.0 / 3.0, 0};
    b.I = -3.5;
    b.use = mfm::TransferPoint::Use::HeldOut;
    t.points = {a, b};
    t.cell = {2, 0};
    t.measured = {
        {"correlation", 0, {1.0 / 3.0, tiny}}, {"source_rates", 0, {12, nan}}, {"correlation", 1, {0, 5e300}}};
    t.sampling = {mfm::SamplingSummary::End::Budget,
                  96,
                  192,
                  19200,
                  1.5,
                  tiny,
                  -0.5,
                  12,
                  0.3,
                  1.2,
                  {{0.3, 1.2, 0.25, "µ", 12, 13, 0.1, 1.0 / 3.0}, {}}};
    return {t, {"silent", {}, {}, {}, {}}};
}

inline std::vector<mfm::TransferFit> fits() {
    mfm::TransferFit f;
    f.population = "golgi";
    f.basis = "softplus";
    f.inputs = {"G_e", "G_i"};
    f.input_units = {"nS", "nS"};
    f.candidate = 1;
    f.given = true;
    f.adaptation = mfm::SettledAdaptation{30, 1.0 / 3.0, tiny};
    f.compared = {{"spline", "there are too few points", 73, 2, {}, {}, 1.5, {}},
                  {"softplus", "", 11, 0, 0.25, tiny, 0.44, 0.011}};
    f.cross_validated_error = 0.25;
    f.coefficients = {"a", "b"};
    f.units = {"Hz", "1"};
    f.value = {1.0 / 3.0, tiny};
    f.covariance = {1, 0.5, 0.5, nan};
    f.lower = {0, 0.1};
    f.upper = {3, 7.5};
    f.G_e_lower = 0.01;
    f.G_e_upper = 3.25;
    f.G_i_lower = 0.02;
    f.G_i_upper = 7;
    f.cost = 12.5;
    f.rmse_hz = 0.3;
    f.largest_rate_hz = 120;
    f.heldout_rmse_hz = 0.44;
    f.heldout_median_relative_error = 0.011;
    f.points = 120;
    f.heldout_points = 32;
    f.relative_points = 30;
    f.undefined_points = 2;
    f.heldout_undefined = 1;
    f.fitted_hz = {1.5, std::nullopt, nan};
    f.outcome = 1;
    f.message = "no more steps";
    f.iterations = 50;
    f.evaluations = 400;
    f.starts = 8;
    f.agreeing_starts = 5;
    f.current = {2.5, {1, 2}, {3, 4}, 40, 0.6};
    mfm::TransferFit empty;
    empty.population = "none";
    return {f, empty};
}

inline mfm::MeanFieldResults mean_field() {
    mfm::MeanFieldResults r;
    r.populations = {"golgi_cell", "purkinje"};
    r.bin_ms = 5;
    r.T_ms = 3.5;
    r.frequency_hz = {2, 4};
    mfm::MeanFieldCondition c;
    c.stimulation = "background";
    c.condition = 3;
    c.level_hz = 4;
    c.fixed_point = mfm::FixedPointState::Unstable;
    c.rate_hz = {12, 91.7};
    c.mean_k_rate_hz = {nan, 90};
    c.uncalibrated_rate_hz = {tiny, 1.0 / 3.0};
    c.eigenvalue_real = {-1.9, 0.02};
    c.eigenvalue_imag = {0, 0.3};
    c.outside_domain = {0, 0.25};
    c.outside_inputs = {"", "purkinje with inputs golgi_cell 12 Hz"};
    c.points = {{{12, 91.7}, false, 0.02, 47.7}, {{0, tiny}, true, -1.0 / 3.0, 0}};
    c.linear = {{12, 91.7}, {4.5, 0.1, 0.1, tiny}, {{1, 2}, {nan, 4}}};
    c.noisy.mean_hz = {12.5, 91};
    c.response_gain = {{0.5, 0.25}, {3, nan}};
    c.response_phase_deg = {{-5, -10}, {0, 179.5}};
    c.first_order_hz = {11.5, 92};
    c.covariance = {1, 0, 0, 1.0 / 3.0};
    c.covariance_loss = 1;
    c.lowest_eigenvalue = -0.125;
    mfm::MeanFieldCondition d;
    d.stimulation = "step";
    d.label = "40 Hz to 100 Hz";
    d.stationary = false;
    d.time_ms = {0.5, 1.5, 2.5};
    d.course_hz = {{1, 2, 3}, {4, tiny, nan}};
    d.course_sd_hz = {{0.5, 0.25, tiny}, {1, 2, 3}};
    d.failure = "golgi_cell is NaN at 2.5 ms";
    d.largest_F_T = {0.01, 0.2};
    r.conditions = {c, d};
    return r;
}

} // namespace fixture
