// SPDX-License-Identifier: Apache-2.0
// bench_derived PIPELINE RUN [PART OF A NAME]: time of the mean fields that can be made of a run's network and transfer
// functions, and of the published cerebellar model (Lorenzi et al. 2026) in our equations.  One line each: CPU seconds,
// name.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "meanfield/fixed_points.hpp"
#include "meanfield/integrate.hpp"
#include "output/store.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/hashes.hpp"
#include "transfer/fitted_function.hpp"
#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

/// CPU seconds of one call, the least of several.
double seconds(const std::function<void()>& work) {
    double best = 1e9, sum = 0;
    for (int n = 0; n < 3 || (sum < 0.3 && n < 200); ++n) {
        const std::clock_t since = std::clock();
        work();
        const double s = static_cast<double>(std::clock() - since) / static_cast<double>(CLOCKS_PER_SEC);
        best = std::min(best, s);
        sum += s;
    }
    return best;
}

std::string wanted; ///< part of the names of models to measure

/// Integrates half a second or one of a model whose only external rate is given, from the fixed point at its start.
void measure(const char* name, const MeanFieldModel& model, const RateCourse& course, double t_end) {
    if (std::string(name).find(wanted) == std::string::npos) return;
    SilentProgress silent;
    const std::vector<FixedPoint> points = fixed_points(model, std::vector<double>{course.value(0)});
    const std::vector<double> start = resting_point(points).rate_hz;
    Trajectory out;
    const double s = seconds([&] { out = integrate(model, {course}, t_end, 1, silent, start); });
    std::printf("%.6f s | %s | %llu steps, %llu derivatives, %llu Jacobians; ends at", s, name,
                static_cast<unsigned long long>(out.statistics.steps),
                static_cast<unsigned long long>(out.statistics.derivatives),
                static_cast<unsigned long long>(out.statistics.jacobians));
    for (const std::vector<double>& rate : out.rate_hz) std::printf(" %.9g", rate.back());
    std::printf(" Hz\n");
}

RateCourse step(double from, double to, double t_end) {
    return RateCourse().knot(t_end / 4, from).knot(t_end / 4, to).knot(3 * t_end / 4, to).knot(3 * t_end / 4, from);
}

/// K, Q (nS), tau (ms) of a published synapse; its source.
struct Synapse {
    std::size_t source;
    double K, Q, tau, E;
};
/// The published model: mossy fibres, granule, Golgi, molecular layer interneurons, Purkinje cells.
MeanFieldModel published_model() {
    struct Cell {
        const char* name;
        std::uint64_t n;
        double gain, C_m, g_L, E_L, I_e;
        std::vector<double> P;
        std::vector<Synapse> in;
    };
    const std::vector<Cell> cells = {{"granule",
                                      29916,
                                      2.1,
                                      7,
                                      0.2899,
                                      -62,
                                      -0.888,
                                      {-366.616, -14.7098, 13.0446, -0.116336, -9.20345},
                                      {{0, 2.024, 0.23, 5.8, 0}, {2, 1.77, 0.36, 13.61, -80}}},
                                     {"golgi",
                                      71,
                                      2.4,
                                      145,
                                      3.2955,
                                      -62,
                                      16.214,
                                      {-141.740, 15.8346, 47.9768, -21.7119, 22.8383},
                                      {{0, 38.5, 0.24, 0.23, 0}, {1, 590.03, 0.44, 0.875, 0}, {2, 28, 1.12, 10, -80}}},
                                     {"interneuron",
                                      452,
                                      1.6,
                                      14.6,
                                      1.6,
                                      -68,
                                      3.711,
                                      {-41.3981, -16.4827, -3.97611, -417.908, -195.755},
                                      {{1, 260.24, 0.07, 0.64, 0}, {3, 6.71, 0.547, 2, -80}}},
                                     {"purkinje",
                                      69,
                                      5.4,
                                      334,
                                      7.1064,
                                      -59,
                                      780,
                                      {-86.1794, 10.8316, 37.4739, 66.4754, 37.6987},
                                      {{1, 579.32, 0.275, 1.1, 0}, {3, 4.07, 1.22, 2.8, -80}}}};
    Reduction reduction;
    std::vector<PopulationModel> models;
    reduction.populations.push_back({"mossy", 0, 2340, true});
    models.push_back({"mossy", true, 2340, nullptr, 0, 0});
    for (const Cell& cell : cells) {
        const std::size_t p = models.size();
        std::vector<InputPathway> inputs;
        std::vector<mfm_receptor> receptors;
        for (const Synapse& s : cell.in) {
            receptors.push_back({sizeof(mfm_receptor), MFM_RECEPTOR_ALPHA, 0, 0, s.tau, 0, s.E});
            const auto port = static_cast<std::uint32_t>(inputs.size());
            inputs.push_back({cell.name, port, receptors.back(), s.Q, s.K, s.E > -40});
            Pathway w;
            w.name = std::to_string(s.source) + " to " + cell.name;
            w.source = s.source;
            w.target = p;
            w.port = port;
            w.receptor = receptors.back();
            w.K = s.K;
            w.Q = s.Q;
            reduction.pathways.push_back(w);
        }
        const auto membrane = std::make_shared<const MembraneCell>(
            instance("eglif", MFM_NEURON_ID,
                     {{"C_m", cell.C_m}, {"tau_m", cell.C_m / cell.g_L}, {"E_L", cell.E_L}, {"I_e", cell.I_e}}),
            receptors);
        const auto basis = std::make_shared<const Instance>(instance(
            "zerlaut", MFM_TRANSFER_ID, {{"terms", 5.0}, {"moments", std::string("auto_mfm")}, {"gain", cell.gain}}));
        TransferFit fit;
        fit.basis = "zerlaut";
        fit.value = cell.P;
        fit.lower.assign(5, 0.0);
        fit.upper.assign(5, 0.0);
        reduction.populations.push_back({cell.name, p, cell.n, false});
        models.push_back({cell.name, false, cell.n,
                          std::make_shared<const FittedTransfer>(fit, basis, TransferInputs(membrane, inputs, *basis)),
                          0, 0});
    }
    MeanFieldConfig config;
    config.in_degree = MeanFieldConfig::InDegree::Mean;
    config.dynamics = MeanFieldConfig::Dynamics::MasterEquation;
    config.T = 3.5;
    return {reduction, models, config};
}

} // namespace

int main(int argc, char** argv) try {
    if (argc < 3 || argc > 4) throw InputError("bench_derived PIPELINE RUN [PART OF A NAME]");
    if (argc == 4) wanted = argv[3];
    const MeanFieldModel published = published_model();
    measure("published model, second order: 0.5 s, constant", published, RateCourse::constant(4), 500);
    measure("published model, second order: 0.5 s, step 4 to 20 Hz", published, step(4, 20, 500), 500);

    PipelineConfig config = load_pipeline(argv[1], plugins());
    const std::filesystem::path run = argv[2];
    const StageHashes hashes = stage_hashes(config);
    const Network network = load_network(run / "network.h5", hashes.build);
    const Reduction reduction = load_reduction(run / "reduction.h5", hashes.remap);
    const std::vector<TransferFit> fits = load_transfer_fits(run / "transfer_fits.h5", hashes.fit);
    const auto model = [&](MeanFieldConfig::InDegree in_degree, MeanFieldConfig::Dynamics dynamics, double T) {
        config.mean_field = {};
        config.mean_field.in_degree = in_degree;
        config.mean_field.dynamics = dynamics;
        config.mean_field.T = T;
        SilentProgress silent;
        return derive_model(config, network, reduction, fits, SpikeRecord{}, silent);
    };
    using In = MeanFieldConfig::InDegree;
    using Dynamics = MeanFieldConfig::Dynamics;
    for (const auto& [name, in_degree] : {std::pair{"mean in-degree", In::Mean}, {"64 nodes", In::List}}) {
        const MeanFieldModel second = model(in_degree, Dynamics::MasterEquation, 3.5),
                             first = model(in_degree, Dynamics::Synaptic, 0.5);
        const std::string at = std::string(", ") + name;
        measure(("derived model, second order: 0.5 s, constant" + at).c_str(), second, RateCourse::constant(4), 500);
        measure(("derived model, second order: 0.5 s, step 4 to 20 Hz" + at).c_str(), second, step(4, 20, 500), 500);
        measure(("derived model, synaptic: 1 s, constant" + at).c_str(), first, RateCourse::constant(4), 1000);
        measure(("derived model, synaptic: 1 s, step 40 to 100 Hz" + at).c_str(), first, step(40, 100, 1000), 1000);
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_derived: %s\n", error.what());
    return 1;
}
