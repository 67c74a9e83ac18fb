// SPDX-License-Identifier: Apache-2.0
#include "meanfield/equation_terms.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mfm {

std::string equation_number(double x) {
    return fmt::format("{:.6g}", x);
}

bool is_synaptic(const MeanFieldModel& model) {
    return model.config().dynamics == MeanFieldConfig::Dynamics::Synaptic;
}

std::size_t filter_number(const Dynamics& dynamics, std::size_t p, std::size_t i) {
    return *dynamics.filter_of_input(p, i) + 1;
}

std::vector<std::size_t> sources_of(const MeanFieldModel& model, std::size_t p) {
    std::vector<std::size_t> sources;
    for (const std::size_t s : model.pathways_into(p)) sources.push_back(model.pathways()[s].source);
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    return sources;
}

std::vector<std::string> correction_terms(const MeanFieldModel& model, const MasterEquation& master, const Notation& n,
                                          std::size_t a) {
    std::vector<std::string> terms;
    const auto sources = sources_of(model, a);
    for (const std::size_t b : sources)
        for (const std::size_t c : sources)
            if (b <= c && master.index(b, c))
                terms.push_back(fmt::format("{}{} {}", b == c ? n.half : "", n.C(b, c), n.curvature(a, b, c)));
    return terms;
}

std::vector<std::string> covariance_terms(const MeanFieldModel& model, const MasterEquation& master, const Notation& n,
                                          std::size_t a, std::size_t b) {
    std::vector<std::string> terms;
    const auto& populations = model.populations();
    const auto rate = [&](std::size_t p) { return populations[p].external ? n.nu(p) : n.F(p); };
    if (a == b)
        terms.push_back(
            fmt::format("{} ({} - {}) / {}", rate(a), n.number(1e3 / model.config().T), rate(a), populations[a].n));
    if (!populations[a].external && !populations[b].external)
        terms.push_back(a == b ? fmt::format("({} - {}){}", n.F(a), n.nu(a), n.square)
                               : fmt::format("({} - {}) ({} - {})", n.F(a), n.nu(a), n.F(b), n.nu(b)));
    const auto fed = [&](std::size_t of, std::size_t other, const char* factor) {
        for (const std::size_t c : sources_of(model, of))
            if (master.index(other, c))
                terms.push_back(
                    fmt::format("{}{} {}", factor, n.C(std::min(other, c), std::max(other, c)), n.slope(of, c)));
    };
    fed(b, a, a == b ? "2 " : "");
    if (a != b) fed(a, b, "");
    return terms;
}

} // namespace mfm
