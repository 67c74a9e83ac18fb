// SPDX-License-Identifier: Apache-2.0
// Cells as the tests know them: a neuron population made from a plugin's defaults and a few named values.
#pragma once
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugin/registry.hpp"
#include "simulate/neuron_group.hpp"

namespace mfm::test {

/// The plugins of this build, or those of the folder MFM_TEST_PLUGINS.
inline const Registry& registry() {
    const char* const other = std::getenv("MFM_TEST_PLUGINS");
    static const Registry plugins({other != nullptr ? other : TEST_PLUGIN_FOLDER});
    return plugins;
}
inline PopulationConfig cell(const std::string& plugin, const std::map<std::string, double>& values,
                             std::vector<mfm_receptor> receptors) {
    PopulationConfig c;
    c.name = plugin;
    const Component& component = registry().find(plugin, MFM_NEURON_ID);
    PluginChoice choice;
    choice.component = &component;
    std::size_t known = 0;
    for (const mfm_field* const* f = component.abi->settings; *f != nullptr; ++f) {
        const auto found = values.find((*f)->name);
        known += found != values.end();
        choice.settings.push_back({MFM_REAL, found != values.end() ? found->second : (*f)->initial, 0, "", {}});
    }
    if (known != values.size()) throw std::runtime_error("a test names a setting that '" + plugin + "' does not have");
    c.neuron = choice;
    c.receptors = std::move(receptors);
    return c;
}
inline mfm_receptor alpha(double tau, double E) {
    return {sizeof(mfm_receptor), MFM_RECEPTOR_ALPHA, 0, 0, tau, 0.0, E};
}
inline mfm_receptor exponential(double tau, double E) {
    return {sizeof(mfm_receptor), MFM_RECEPTOR_EXPONENTIAL, 0, 0, tau, 0.0, E};
}

/// The E-GLIF cells of the mouse cerebellum that the tests use.
inline std::map<std::string, double> granule() {
    return {{"C_m", 7},    {"tau_m", 24.15}, {"E_L", -62},    {"t_ref", 1.5}, {"V_reset", -70},
            {"V_th", -41}, {"I_e", -.888},   {"lambda_0", 1}, {"tau_V", .3},  {"k_adap", .022},
            {"k_1", .311}, {"k_2", .041},    {"A1", .01},     {"A2", -.94}};
}
inline std::map<std::string, double> golgi() {
    return {{"C_m", 145},  {"tau_m", 44},   {"E_L", -62},      {"t_ref", 2},   {"V_reset", -75},
            {"V_th", -55}, {"I_e", 16.214}, {"lambda_0", .15}, {"tau_V", .09}, {"k_adap", .217},
            {"k_1", .031}, {"k_2", .023},   {"A1", 259.988},   {"A2", 178.01}};
}
inline std::map<std::string, double> interneuron() {
    return {{"C_m", 14.6},  {"tau_m", 9.125}, {"E_L", -68},      {"t_ref", 1.59}, {"V_reset", -78},
            {"V_th", -53},  {"I_e", 3.711},   {"lambda_0", 1.8}, {"tau_V", 1},    {"k_adap", 2.025},
            {"k_1", 1.887}, {"k_2", 1.096},   {"A1", 5.953},     {"A2", 5.863}};
}
inline std::map<std::string, double> purkinje() {
    return {{"C_m", 334},      {"tau_m", 47},   {"E_L", -59},  {"t_ref", .5},   {"V_reset", -69},
            {"V_th", -43},     {"V_min", -350}, {"I_e", 700},  {"lambda_0", 4}, {"tau_V", 3.5},
            {"k_adap", 1.491}, {"k_1", .195},   {"k_2", .041}, {"A1", 157.622}, {"A2", 172.622}};
}

} // namespace mfm::test
