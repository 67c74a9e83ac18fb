// SPDX-License-Identifier: Apache-2.0
// A made-up report that has one of everything: missing values, a star, several stimulations, long sentences.
#pragma once
#include <limits>

#include "output/report_text.hpp"
#include "validate/compare.hpp"
#include "validate/metrics.hpp"
#include "validate/verdict.hpp"

namespace fixture {

inline mfm::StationaryRow stationary_row(double stimulus, double network, double se, double mean_field, double mean_k) {
    mfm::StationaryRow r;
    r.stimulation = "background";
    r.stimulus_hz = stimulus;
    r.network_rate_hz = network;
    r.network_rate_firing_hz = 1.02 * network;
    r.network_rate_se_hz = se;
    r.mean_field_rate_hz = mean_field;
    r.mean_field_mean_k_rate_hz = mean_k;
    r.floor_hz = 0.1;
    r.relative_error = mfm::relative_error(mean_field, network, r.floor_hz);
    return r;
}

inline mfm::ValidationReport report() {
    mfm::ValidationReport report;
    mfm::PopulationReport golgi;
    golgi.name = "golgi_cell";
    golgi.cells = 71;
    golgi.stationary = {stationary_row(4, 12, 0.25, 11.25, 9.5), stationary_row(20, 24, 0.3, 24.5, 21),
                        stationary_row(40, 36, 0.5, 41.25, 30)};
    golgi.transfer.basis = "softplus_conductance";
    golgi.transfer.coefficients = {{"p00", 0.125}, {"p10", -3.5}, {"b", 12}};
    golgi.transfer.standard_errors = {0.0625, 0, 1.25};
    golgi.transfer.domain = {{"G_e", "nS", 0.125, 12.5}, {"tau_N", "1", 0.25, 0.75}};
    golgi.transfer.cross_validated_error = 0.375;
    golgi.transfer.cross_validated_rmse_hz = 0.5;
    golgi.transfer.relative_points = 24;
    golgi.transfer.compared = {{"siegert", "", 0, 3, 12.5, 20.25, 18.0, 0.5},
                               {"softplus_conductance", "", 11, 0, 0.375, 0.5, 0.44, 0.0125},
                               {"zerlaut (terms 5)", "the cell has no leak", 0, 0, {}, {}, {}, {}}};
    golgi.transfer.candidate = 1;
    golgi.transfer.sampling = {mfm::SamplingSummary::End::Tolerance,
                               40,
                               44,
                               4400,
                               0.96875,
                               2.25,
                               -1.5,
                               24.5,
                               3.125,
                               7.5,
                               {{2.5, 5.25, 0.125, "parallel_fiber_to_golgi", 31.5, 33.25, 0.25, 0.8125}}};
    golgi.transfer.heldout_rmse_hz = 0.44;
    golgi.transfer.heldout_median_relative_error = 0.0125;
    golgi.transfer.converged = true;
    golgi.transfer.operating_point = {
        {mfm::operating_point_row(4, 12.0, 12.5, 12.25, 0.1), mfm::operating_point_row(40, 36.0, {}, {}, 0.1)}};
    golgi.dynamic = {{"step", 17.0, 146.0, 160.5, {}, {}}, {"sine", 4.5, 60.0, 62.0, 1.05, 3.25}};
    golgi.scores = {
        {"step", {12.0, 146.0, 6.0, 0.5, 42.0, 21.5, 0.875, 1.25}, {11.25, 160.5, 9.0, 0.2, 18.0, 24.0, 0.9375, 1.5}},
        {"sine", {{}, 60.0, 20.0, {}, {}, {}, 0.75, 0.625}, {}}};
    // Linear theory where the fixed point is stable, noise where it was asked for, the second order in no real report
    // beside them.
    mfm::FluctuationRow at_4{"background", 4, 7.5, 5.75, 7.25, {}, {}, 5.25, 2.5, 11};
    mfm::FluctuationRow at_20{"background", 20, 15, 8.25, {}, 13.5, 25, {}, {}, {}};
    golgi.fluctuations = {at_4, at_20, {"background", 40, {}, {}, {}, {}, {}, {}, {}, {}}};
    // Large errors that cancel; then two swaps whose rates are not known between them.
    golgi.error_budget = {
        {"background",
         4,
         12,
         11.25,
         0.1,
         {{"correlation", -4.5, 0.3}, {"fit", 1.5, 0.1}, {"in_degree", 0.5, {}}, {"loops", 1.75, 0.2}},
         {{"granule_cell", 2.25, {}}, {"golgi_cell", -0.75, {}}, {"curvature", 0.25, {}}}},
        {"background", 40, 36, 41.25, 0.1, {{"correlation+fit", 3.0, {}}, {"loops", 2.25, 0.5}}, {}}};
    mfm::PopulationReport granule;
    granule.name = "granule_cell";
    granule.cells = 30420;
    granule.stationary = {stationary_row(4, 0.05, 0.01, 0.055, 0.05), stationary_row(20, 12, 0.3, 18, 10),
                          stationary_row(40, 1234.5, 2, 1300, 1200)};
    granule.stationary[2].network_rate_firing_hz.reset();
    granule.stationary[2].mean_field_mean_k_rate_hz.reset();
    granule.dynamic = {{"step", {}, 30.0, {}, {}, {}},
                       {"sine", {}, {}, {}, {}, std::numeric_limits<double>::quiet_NaN()}};
    for (auto* p : {&golgi, &granule}) {
        p->stationary[0].calibrated_on = p->stationary[2].calibrated_on = true;
        p->stationary[1].uncalibrated_rate_hz = 1.25 * *p->stationary[1].mean_field_rate_hz;
        p->stationary[1].uncalibrated_error =
            mfm::relative_error(*p->stationary[1].uncalibrated_rate_hz, *p->stationary[1].network_rate_hz, 0.1);
    }
    report.calibration = {0.2,
                          {4, 40},
                          {{"mossy_to_golgi", "mossy_fibers", "golgi_cell", 0.625},
                           {"parallel_fiber_to_golgi", "granule_cell", "golgi_cell", 1.0625}}};
    report.populations = {golgi, granule};
    report.circuit.populations = {{"mossy_fibers", "poisson", "", 117},
                                  {"glomeruli", "relay", "", 300},
                                  {"granule_cell", "neuron", "eglif", 30420},
                                  {"golgi_cell", "neuron", "eglif", 71}};
    report.circuit.pathways = {
        {"mossy_to_granule", "mossy_fibers", "granule_cell", true, 4, 0.5, 0.25, "nS", "alpha", 1.875, 0, 0, 4},
        {"golgi_to_granule", "golgi_cell", "granule_cell", false, 3.5, 1.25, 0.25, "nS", "biexponential", 4.5, 0.5, -80,
         2},
        {"granule_to_golgi", "granule_cell", "golgi_cell", true, 1100, 310, 0.25, "nS", "alpha", 0.5, 0, 0, 3}};
    mfm::ConditionFinding c;
    c.stimulation = "background";
    c.stimulus_hz = 4;
    c.fixed_point = mfm::FixedPointState::Stable;
    c.populations = {{"golgi_cell", 17.1, 0.244, 0, 0.02}, {"granule_cell", 120.0, 0.003, 0, 0.01}};
    c.points = {{{11.25, 0.055}, true, -0.02, 27.5}, {{64.0, 120.0}, false, 0.125, 0}};
    report.conditions = {c};
    report.fluctuation_bin_ms = 5;
    report.T_ms = 3.5;
    report.network_only = {
        {"burst",
         "burst: step of 4 to 154 Hz for 50 ms, in 32 of the 117 cells of 'mossy_fibers'",
         "'burst' drives 32 of the 117 cells of 'mossy_fibers', and a mean field, which knows one rate a population, "
         "cannot represent a part of it.",
         1200,
         1250,
         10,
         {{"mossy_fibers", 117, 45.5, 74.25, 1.5, 120.5, 70.75}, {"golgi_cell", 71, 51.5, 45.25, {}, {}, {}}}}};
    mfm::judge(report, {});
    return report;
}

inline std::vector<mfm::StageTime> stages() {
    return {{"build", 1.25, 2.5, false}, {"simulate", 0.004, 0.003, true}, {"sample", {}, {}, false}};
}

inline std::vector<mfm::StageReuse> reuse() {
    return {{"build", "", true, "nothing that it depends on differs"},
            {"sample", "golgi_cell", false, "Q of 'golgi_to_golgi' is 1.12, not 0.56"},
            {"sample", "granule_cell", true, "its inputs are the same"}};
}

/// One made both ways, and one without a network.
inline std::vector<mfm::VariantOutcome> variants() {
    mfm::VariantOutcome both{"atrophy", true, report(), stages(), reuse(), {}};
    both.report.populations.resize(1);
    for (mfm::StationaryRow& row : both.report.populations[0].stationary) {
        *row.network_rate_hz *= 0.75;
        *row.mean_field_rate_hz *= 0.875;
    }
    mfm::VariantOutcome changed{"mean_field", false, both.report, stages(), {}, {}};
    for (mfm::StationaryRow& row : changed.report.populations[0].stationary) *row.mean_field_rate_hz *= 1.125;
    both.variants = {changed};
    mfm::VariantOutcome alone = changed;
    alone.name = "less_mossy_input";
    alone.report.verdict.reset();
    for (mfm::StationaryRow& row : alone.report.populations[0].stationary) row.network_rate_hz.reset();
    return {both, alone};
}

inline mfm::Manifest manifest() {
    mfm::Manifest m;
    m.automfm_version = "0.1.0";
    m.compiler = "gcc 12.2.0";
    m.pipeline_name = "cerebellar cortex, awake";
    m.pipeline_file = "cerebellum.toml";
    m.pipeline_hash = "00112233445566778899aabbccddeeff";
    m.inputs = {{"rates.csv", "ffeeddccbbaa99887766554433221100"}};
    m.seed = 1234;
    m.threads = 2;
    m.start = {"run", "cerebellum.toml", "--seed", "1234"};
    m.plugins = {{"eglif", "1.0.0", "libeglif.so"}, {"zerlaut", "1.1.0", "libzerlaut.so"}};
    m.stage_hashes = {{"build", "a0"}, {"simulate", "b1"}};
    m.started = "2026-01-02T03:04:05Z";
    return m;
}

inline mfm::ReportInputs inputs() {
    mfm::ReportInputs in;
    in.name = "cerebellar cortex, awake";
    in.circuit = {
        {"mossy_fibers", "Poisson", 117}, {"granule_cell", "neuron eglif", 30420}, {"golgi_cell", "neuron eglif", 71}};
    in.connections = {{"parallel_fiber_to_golgi", "granule_cell", "golgi_cell", "voxel_intersection", 75408}};
    in.in_degrees = "  parallel_fiber_to_golgi  1100 ± 310\n";
    in.equations = "T dnu_golgi_cell/dt = F_golgi_cell(b) - nu_golgi_cell\n"
                   "  b_parallel_fiber_to_golgi = a long line of terms + that does not fit into the width of a page + "
                   "and has to be broken "
                   "somewhere\n";
    in.stages = stages();
    in.reuse = reuse();
    in.variants = variants();
    in.manifest = manifest();
    return in;
}

} // namespace fixture
