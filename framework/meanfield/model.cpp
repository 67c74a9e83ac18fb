// SPDX-License-Identifier: Apache-2.0
#include "meanfield/model.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>

namespace mfm {
namespace {

/// Adaptation faster than this follows the rate, so that the stationary transfer function already holds it.
constexpr double slow_adaptation_ms = 5.0;

void check_parts(const Reduction& reduction, const std::vector<PopulationModel>& populations,
                 const MeanFieldConfig& config) {
    if (!(config.T > 0) || !std::isfinite(config.T))
        throw InputError(fmt::format("mean_field.T is {} ms: it must be a positive time", config.T));
    if (config.in_degree_nodes == 0) throw InputError("mean_field.in_degree_nodes is 0: at least one node is needed");
    if (!(config.relative_tolerance > 0) || !(config.absolute_tolerance > 0))
        throw InputError(
            fmt::format("mean_field tolerances are {} (relative) and {} Hz (absolute): both must be positive",
                        config.relative_tolerance, config.absolute_tolerance));
    if (populations.size() != reduction.populations.size())
        throw InputError(fmt::format("the mean field was given {} populations, and the reduced circuit has {}",
                                     populations.size(), reduction.populations.size()));
    for (std::size_t p = 0; p < populations.size(); ++p) {
        const PopulationModel& population = populations[p];
        if (population.name != reduction.populations[p].name ||
            population.external != reduction.populations[p].external)
            throw InputError(fmt::format(
                "population {} of the mean field is '{}' ({}), and '{}' ({}) in the reduced circuit", p,
                population.name, population.external ? "external" : "internal", reduction.populations[p].name,
                reduction.populations[p].external ? "external" : "internal"));
        if (!population.external && population.transfer == nullptr)
            throw InputError(fmt::format("population '{}' has no transfer function", population.name));
        if (!(population.adaptation_rate >= 0) || !std::isfinite(population.adaptation_increment))
            throw InputError(
                fmt::format("population '{}' has adaptation constants k_2 = {} per ms, A_2 = {} pA: k_2 must be "
                            "0 or positive and A_2 finite",
                            population.name, population.adaptation_rate, population.adaptation_increment));
    }
    for (const Pathway& pathway : reduction.pathways) {
        if (pathway.source >= populations.size() || pathway.target >= populations.size())
            throw InputError(fmt::format("pathway '{}' joins populations that do not exist", pathway.name));
        if (populations[pathway.target].external)
            throw InputError(fmt::format("pathway '{}' ends at '{}', whose rate is given", pathway.name,
                                         populations[pathway.target].name));
        if (!(pathway.K >= 0) || !(pathway.K_sd >= 0) || !(pathway.delay >= 0) || !(pathway.source_fraction >= 0) ||
            !std::isfinite(pathway.K + pathway.K_sd + pathway.delay + pathway.source_fraction))
            throw InputError(
                fmt::format("pathway '{}' has K = {} +- {}, delay {} ms, source fraction {}: all must be finite and "
                            "not negative",
                            pathway.name, pathway.K, pathway.K_sd, pathway.delay, pathway.source_fraction));
        if (config.dynamics == MeanFieldConfig::Dynamics::Synaptic && !(pathway.receptor.tau > 0))
            throw InputError(fmt::format("pathway '{}' has a synaptic time constant of {} ms: it must be positive",
                                         pathway.name, pathway.receptor.tau));
    }
}

/// A conductance whose reversal potential lies below the middle of those reaching the cell, or a negative current.
std::vector<bool> inhibitory_pathways(const std::vector<Pathway>& pathways, const std::vector<std::size_t>& into) {
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    const auto is_current = [](const Pathway& pathway) { return (pathway.receptor.flags & MFM_RECEPTOR_CURRENT) != 0; };
    for (const std::size_t s : into)
        if (!is_current(pathways[s])) {
            lowest = std::min(lowest, pathways[s].receptor.E_rev);
            highest = std::max(highest, pathways[s].receptor.E_rev);
        }
    std::vector<bool> inhibitory;
    for (const std::size_t s : into)
        inhibitory.push_back(is_current(pathways[s]) ? pathways[s].Q < 0
                                                     : pathways[s].receptor.E_rev < 0.5 * (lowest + highest));
    return inhibitory;
}

void fill_event_rates(const std::vector<double>& factor, std::span<const double> nu, std::vector<double>& r) {
    const std::size_t n = nu.empty() ? 0 : factor.size() / nu.size();
    r.resize(factor.size());
    for (std::size_t s = 0; s < nu.size(); ++s)
        for (std::size_t i = 0; i < n; ++i) r[s * n + i] = factor[s * n + i] * nu[s];
}

} // namespace

MeanFieldModel::MeanFieldModel(Reduction reduction, std::vector<PopulationModel> populations,
                               const MeanFieldConfig& config)
    : reduction_(std::make_shared<const Reduction>(std::move(reduction))), populations_(std::move(populations)),
      config_(config) {
    check_parts(*reduction_, populations_, config_);
    for (std::size_t p = 0; p < populations_.size(); ++p) {
        (populations_[p].external ? external_ : internal_).push_back(p);
        into_.push_back(reduction_->pathways_into(p));
        if (!populations_[p].external && populations_[p].transfer->pathways() != into_[p].size())
            throw InputError(
                fmt::format("the transfer function of '{}' is one of {} pathways, and {} reach the population",
                            populations_[p].name, populations_[p].transfer->pathways(), into_[p].size()));
    }
    make_nodes();
}

MeanFieldModel MeanFieldModel::with_in_degree(MeanFieldConfig::InDegree in_degree) const {
    MeanFieldModel other = *this;
    other.config_.in_degree = in_degree;
    other.make_nodes();
    return other;
}

MeanFieldModel MeanFieldModel::with_order(std::uint32_t order) const {
    MeanFieldModel other = *this;
    other.config_.order = order;
    return other;
}

MeanFieldModel MeanFieldModel::with_scales(std::span<const double> scale) const {
    Reduction scaled = *reduction_;
    for (std::size_t s = 0; s < scaled.pathways.size(); ++s) {
        Pathway& w = scaled.pathways[s];
        w.K *= scale[s];
        w.K_sd *= scale[s];
        for (float& k : w.in_degree) k *= static_cast<float>(scale[s]);
    }
    MeanFieldModel other = *this;
    other.reduction_ = std::make_shared<const Reduction>(std::move(scaled));
    other.make_nodes();
    return other;
}

InDegreeNodes MeanFieldModel::nodes_into(std::size_t p) const {
    const auto& into = into_[p];
    std::vector<double> K;
    bool varies = false;
    for (const std::size_t s : into) {
        K.push_back(pathways()[s].K);
        varies = varies || pathways()[s].K_sd > 0;
    }
    if (into.empty() || !varies || config_.in_degree == MeanFieldConfig::InDegree::Mean) return mean_node(K);
    if (config_.in_degree == MeanFieldConfig::InDegree::Gamma) {
        const std::vector<bool> inhibitory = inhibitory_pathways(pathways(), into);
        std::vector<GammaMarginal> marginals;
        for (std::size_t i = 0; i < into.size(); ++i) {
            const Pathway& pathway = pathways()[into[i]];
            marginals.push_back({pathway.K, pathway.K_sd, pathway.Q * kernel_area(pathway.receptor), inhibitory[i]});
        }
        return nodes_of_gamma(marginals, config_.in_degree_nodes);
    }
    std::size_t cells = 0;
    for (const std::size_t s : into) cells = std::max(cells, pathways()[s].in_degree.size());
    std::vector<std::vector<double>> columns;
    for (const std::size_t s : into) {
        const Pathway& pathway = pathways()[s];
        if (pathway.in_degree.empty() && !(pathway.K_sd > 0)) {
            columns.emplace_back(cells, pathway.K);
            continue;
        }
        if (pathway.in_degree.size() != cells || cells == 0)
            throw InputError(fmt::format(
                "pathway '{}' lists the in-degrees of {} cells where {} are needed: give the list of "
                "every cell of '{}', or set mean_field.in_degree to \"gamma\" or \"mean\"",
                pathway.name, pathway.in_degree.size(), std::max<std::size_t>(cells, 1), populations_[p].name));
        columns.emplace_back(pathway.in_degree.begin(), pathway.in_degree.end());
        for (const double k : columns.back())
            if (!(k >= 0) || !std::isfinite(k))
                throw InputError(fmt::format("pathway '{}' lists an in-degree of {}", pathway.name, k));
    }
    return nodes_of_cells(columns, config_.in_degree_nodes);
}

void MeanFieldModel::make_nodes() {
    nodes_.clear();
    factor_.clear();
    mean_factor_.clear();
    for (std::size_t p = 0; p < populations_.size(); ++p) {
        auto nodes = std::make_shared<const InDegreeNodes>(nodes_into(p));
        const std::size_t n = nodes->size();
        std::vector<double> factor = nodes->k, mean;
        for (std::size_t i = 0; i < into_[p].size(); ++i) {
            const double fraction = pathways()[into_[p][i]].source_fraction;
            for (std::size_t j = 0; j < n; ++j) factor[i * n + j] *= fraction;
            mean.push_back(nodes->mean(i) * fraction);
        }
        nodes_.push_back(std::move(nodes));
        factor_.push_back(std::move(factor));
        mean_factor_.push_back(std::move(mean));
    }
}

bool MeanFieldModel::adapts(std::size_t p) const {
    const PopulationModel& population = populations_[p];
    return config_.dynamics == MeanFieldConfig::Dynamics::Synaptic && config_.adaptation && !population.external &&
           population.adaptation_rate > 0 && 1.0 / population.adaptation_rate > slow_adaptation_ms &&
           population.adaptation_increment != 0;
}

void MeanFieldModel::average(std::size_t p, std::span<const double> nu, int order, bool gain, AverageWorkspace& work,
                             PopulationRate& out) const {
    const InDegreeNodes& nodes = *nodes_[p];
    const std::size_t n = nodes.size(), S = nu.size();
    const bool gradient = order > 0;
    const std::vector<double>& k = factor_[p];
    work.rate.resize(n);
    work.d_r.resize(gradient ? S * n : 0);
    work.d2_r.resize(order > 1 ? S * S * n : 0);
    fill_event_rates(k, nu, work.r);
    const TransferFunction& transfer = *populations_[p].transfer;
    const auto named = [&](auto&& evaluate) {
        try {
            evaluate();
        } catch (const Error& error) {
            throw Error(error.code, fmt::format("{}: {}", describe_inputs(p, nu), error.what()));
        }
    };
    named([&] { transfer.evaluate(work.r, n, work.rate, work.d_r, work.d2_r); });
    out.F = 0;
    for (std::size_t i = 0; i < n; ++i) out.F += nodes.weight[i] * work.rate[i];
    if (gradient) {
        out.dF.assign(S, 0.0);
        for (std::size_t s = 0; s < S; ++s)
            for (std::size_t i = 0; i < n; ++i) out.dF[s] += nodes.weight[i] * k[s * n + i] * work.d_r[s * n + i];
        out.dg.assign(S, 0.0);
    }
    if (order > 1) {
        out.d2F.assign(S * S, 0.0);
        for (std::size_t s = 0; s < S; ++s)
            for (std::size_t t = 0; t < S; ++t)
                for (std::size_t i = 0; i < n; ++i)
                    out.d2F[s * S + t] +=
                        nodes.weight[i] * k[s * n + i] * k[t * n + i] * work.d2_r[(s * S + t) * n + i];
    }
    out.g = 0;
    if (!gain || !(out.F > std::numeric_limits<double>::min())) return;
    work.gain.resize(n);
    work.d_gain.resize(gradient ? S * n : 0);
    named([&] { transfer.current_gain(work.r, n, work.gain, work.d_gain); });
    for (std::size_t i = 0; i < n; ++i) out.g += nodes.weight[i] * work.rate[i] * work.gain[i];
    out.g /= out.F;
    if (!gradient) return;
    for (std::size_t s = 0; s < S; ++s) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i)
            sum += nodes.weight[i] * k[s * n + i] *
                   (work.d_r[s * n + i] * work.gain[i] + work.rate[i] * work.d_gain[s * n + i]);
        out.dg[s] = (sum - out.g * out.dF[s]) / out.F;
    }
}

std::vector<double> MeanFieldModel::event_rates(std::size_t p, std::span<const double> nu) const {
    std::vector<double> r;
    fill_event_rates(factor_[p], nu, r);
    return r;
}

void MeanFieldModel::check(std::size_t p, std::span<const double> nu, const PopulationRate& rate) const {
    // Rounding may leave a rate of 0 a trifle below it.
    constexpr double rounding_hz = 1e-9;
    if (rate.F >= -rounding_hz && std::isfinite(rate.F) && std::isfinite(rate.g)) return;
    if (std::isfinite(rate.F) && std::isfinite(rate.g))
        throw Error(ExitCode::NotValid,
                    fmt::format("the transfer function of {} gives a negative rate, {} Hz; fit it with a basis "
                                "that stays positive, or over a wider range",
                                describe_inputs(p, nu), rate.F));
    throw Error(ExitCode::NotValid,
                fmt::format("the transfer function of {} is not finite (rate {} Hz, current gain {} per pA)",
                            describe_inputs(p, nu), rate.F, rate.g));
}

std::vector<double> MeanFieldModel::transfer(std::span<const double> rate_hz) const {
    std::vector<double> result(rate_hz.begin(), rate_hz.end());
    AverageWorkspace work;
    PopulationRate average_rate;
    std::vector<double> nu;
    for (const std::size_t p : internal_) {
        nu.clear();
        for (const std::size_t s : into_[p]) nu.push_back(rate_hz[pathways()[s].source]);
        average(p, nu, 0, false, work, average_rate);
        check(p, nu, average_rate);
        result[p] = average_rate.F;
    }
    return result;
}

bool MeanFieldModel::inside(std::size_t p, std::span<const double> nu) const {
    std::vector<double> r(nu.begin(), nu.end());
    for (std::size_t s = 0; s < r.size(); ++s) r[s] *= mean_factor_[p][s];
    return populations_[p].transfer->inside(r);
}

double MeanFieldModel::cells_outside(std::size_t p, std::span<const double> nu) const {
    const InDegreeNodes& nodes = *nodes_[p];
    std::vector<double> r(nu.size());
    double outside = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (std::size_t s = 0; s < r.size(); ++s) r[s] = factor_[p][s * nodes.size() + i] * nu[s];
        if (!populations_[p].transfer->inside(r)) outside += nodes.weight[i];
    }
    return outside;
}

std::string MeanFieldModel::describe_inputs(std::size_t p, std::span<const double> nu) const {
    std::string text = populations_[p].name;
    for (std::size_t i = 0; i < into_[p].size(); ++i) {
        const Pathway& pathway = pathways()[into_[p][i]];
        text += fmt::format("{} {} {:.6g} Hz (pathway '{}', K {:.4g})", i == 0 ? " with inputs" : ",",
                            populations_[pathway.source].name, nu[i], pathway.name, nodes_[p]->mean(i));
    }
    return text;
}

} // namespace mfm
