// SPDX-License-Identifier: Apache-2.0
// The transfer function of every neuron plugin under two Poisson pathways, sampled and fitted.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <set>

#include "numerics/single_cells.hpp"
#include "remap/moments.hpp"
#include "transfer/fit.hpp"
#include "transfer/sample.hpp"
#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

/// A cell, the rates (Hz) and weights (nS) of 100 excitatory and 25 inhibitory sources.
struct Driven {
    const char* plugin;
    std::map<std::string, double> settings;
    double nu_e, Q_e, nu_i, Q_i;
    std::vector<mfm_receptor> receptors = {exponential(5, 0), exponential(5, -80)};
};
const std::vector<Driven> models = {
    {"lif", {{"t_ref", 5}}, 20, 1, 20, 4},
    {"adex", {{"V_peak", -40}, {"t_ref", 5}, {"b", 60}, {"tau_w", 100}}, 32, 1.5, 32, 5},
    {"adex", {{"Delta_T", 0}, {"t_ref", 5}, {"b", 60}, {"tau_w", 100}}, 32, 1.5, 32, 5},
    {"eglif", interneuron(), 20, .3, 20, 1, {alpha(.64, 0), alpha(2, -80)}},
    {"eglif_leaky", golgi(), 20, .4, 20, 2, {alpha(5, 0), alpha(5, -80)}},
    {"izhikevich", {}, 32, 1.5, 32, 5},
    {"cadex", {}, 32, 1.5, 32, 5},
    {"hodgkin_huxley", {{"E_L", -65}, {"V_T", -53}}, 32, 1.5, 32, 5},
};

} // namespace

TEST_CASE("every neuron plugin has a transfer function here") {
    std::set<std::string> here, built;
    for (const Driven& m : models) here.insert(m.plugin);
    for (const auto& [id, component] : registry().components())
        if (component.interface(MFM_NEURON_ID) != nullptr) built.insert(id);
    CHECK(here == built);
}

TEST_CASE(
    "the fitted transfer function of every neuron model is within 0.3 Hz and 1.5 % of points that it has not seen") {
    for (const Driven& m : models) {
        PipelineConfig config;
        Reduction reduction;
        const char* names[] = {"excitation", "inhibition", "cells"};
        for (std::size_t p = 0; p < 3; ++p) {
            PopulationConfig population;
            if (p == 2) population = cell(m.plugin, m.settings, m.receptors);
            population.name = names[p];
            population.kind = p < 2 ? PopulationConfig::Kind::Poisson : PopulationConfig::Kind::Neuron;
            config.populations.push_back(population);
            reduction.populations.push_back({names[p], p, 1000, p < 2});
        }
        for (std::size_t s = 0; s < 2; ++s) {
            Pathway w;
            w.name = std::string(names[s]) + "_to_cells";
            w.source = s;
            w.target = 2;
            w.port = static_cast<std::uint32_t>(s);
            w.receptor = m.receptors[s];
            w.K = s == 0 ? 100 : 25;
            w.Q = s == 0 ? m.Q_e : m.Q_i;
            reduction.pathways.push_back(w);
        }
        RatePath path;
        path.level_hz = {1};
        path.rate_hz = {{m.nu_e, m.nu_i, 10}};
        path.cv_isi = {{1, 1, 1}};
        TransferConfig& t = config.transfer;
        PluginChoice choice;
        choice.component = &registry().find("softplus_conductance", MFM_TRANSFER_ID);
        for (const mfm_field* field : setting_fields(*choice.component)) {
            choice.settings.push_back(default_value(*field));
            choice.given.push_back(false);
        }
        t.bases = {choice};
        t.sampling = TransferConfig::Sampling::Fixed;
        t.points = 40;
        t.wide_points = 8;
        t.heldout_points = 12;
        t.seconds = 100;
        t.copies = 32;
        t.transient = 1000;
        SilentProgress progress;
        const TransferTable table =
            sample_transfer(config, reduction, path, {path.cv_isi, {}, {}}, nullptr, 2, progress);
        const auto basis = std::make_shared<const Instance>(*choice.component, choice.settings);
        const TransferInputs inputs(make_cell(config.populations[2]),
                                    input_pathways(reduction, 2, config.populations[2]), *basis);
        const TransferFit fit = fit_transfer(table, inputs, *basis, instance("ceres", MFM_OPTIMIZER_ID), {}, progress);
        REQUIRE(fit.heldout_rmse_hz.has_value());
        std::printf("%-14s up to %6.2f Hz: held-out rmse %.3f Hz, median relative error %.2f %%\n", m.plugin,
                    fit.largest_rate_hz, *fit.heldout_rmse_hz, 100 * fit.heldout_median_relative_error.value_or(NAN));
        CAPTURE(m.plugin);
        CHECK(fit.largest_rate_hz > 5);
        CHECK(fit.heldout_median_relative_error.value_or(1) < 0.02);
        CHECK(*fit.heldout_rmse_hz < 0.3 + 0.015 * fit.largest_rate_hz);
    }
}
