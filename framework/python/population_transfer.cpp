// SPDX-License-Identifier: Apache-2.0
#include "python/population_transfer.hpp"

#include <fmt/format.h>

#include <limits>

#include "pipeline/parts.hpp"
#include "transfer/basis.hpp"

namespace mfm {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

MeanFieldModel model_of(const OpenedRun& run) {
    Warnings said_when_a_model_is_made;
    return run.model(run.base().config, said_when_a_model_is_made);
}

} // namespace

PopulationTransfer::PopulationTransfer(const OpenedRun& run, const std::string& population) : model_(model_of(run)) {
    const FittedBase& base = run.base();
    const Reduction& r = base.reduction;
    const std::vector<std::size_t> known = modelled(r);
    std::vector<std::string> names;
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < known.size(); ++i) {
        names.push_back(r.populations[known[i]].name);
        if (names.back() == population) found = i;
    }
    if (!found)
        throw InputError(fmt::format("there is no transfer function of '{}'{}; there are those of {}", population,
                                     did_you_mean(population, names), fmt::join(names, ", ")));
    population_ = known[*found];
    fit_ = base.fits.at(*found);
    const PopulationConfig& cells = base.config.populations[r.populations[population_].network_index];
    basis_ = make_basis(base.config.transfer.bases.at(fit_.candidate), cells);
    inputs_ = inputs_of(base.config, r, population_, *basis_);
    function_ = model_.populations()[population_].transfer;
    for (const std::size_t s : r.pathways_into(population_)) {
        pathways_.push_back(r.pathways[s].name);
        sources_.push_back(r.populations[r.pathways[s].source].name);
        K_.push_back(r.pathways[s].K);
    }
    try {
        membrane_.emplace(make_cell(cells), input_pathways(r, population_, cells), MomentKind::Linearised);
    } catch (const InputError&) {
        membrane_.reset(); // the moments are then not defined anywhere
    }
}

double PopulationTransfer::rate(std::span<const double> nu, std::span<const double> r, bool averaged) const {
    try {
        if (averaged) {
            AverageWorkspace work;
            PopulationRate average;
            model_.average(population_, nu, 0, false, work, average);
            return average.F;
        }
        double rate = undefined;
        function_->evaluate(r, 1, {&rate, 1}, {}, {});
        return rate;
    } catch (const PluginError&) {
        throw;
    } catch (const Error&) {
        return undefined; // the basis's inputs do not exist at this point
    }
}

TransferValues PopulationTransfer::at(std::span<const double> nu, bool averaged) const {
    const std::size_t S = pathways_.size(), n = S > 0 ? nu.size() / S : 0;
    TransferValues out;
    MembraneMoments moments;
    std::vector<double> r(S);
    for (std::size_t i = 0; i < n; ++i) {
        const std::span<const double> point = nu.subspan(i * S, S);
        for (std::size_t s = 0; s < S; ++s) {
            if (!(point[s] >= 0))
                throw InputError(
                    fmt::format("a rate of {} Hz in pathway '{}': rates must not be negative", point[s], pathways_[s]));
            r[s] = K_[s] * point[s];
        }
        const double rate_hz = rate(point, r, averaged);
        out.rate_hz.push_back(rate_hz);
        out.inside.push_back(rate_hz == rate_hz &&
                             (averaged ? model_.inside(population_, point) : function_->inside(r)));
        moments.defined = false;
        if (membrane_) membrane_->evaluate(r, 0.0, 0, moments);
        out.mu_V.push_back(moments.defined ? moments.value[MembraneMoments::MuV] : undefined);
        out.sigma_V.push_back(moments.defined ? moments.value[MembraneMoments::SigmaV] : undefined);
        out.tau_V.push_back(moments.defined ? moments.value[MembraneMoments::TauV] : undefined);
        const auto [G_e, G_i] = inputs_->conductances(r);
        out.G_e.push_back(G_e);
        out.G_i.push_back(G_i);
    }
    return out;
}

TransferValues PopulationTransfer::at_inputs(std::span<const double> x) const {
    const std::size_t D = fit_.inputs.size();
    TransferValues out;
    out.rate_hz = basis_rates(*basis_, x, fit_.value, fit_.lower, fit_.upper);
    for (std::size_t i = 0; i < out.rate_hz.size(); ++i) {
        bool inside = true;
        for (std::size_t k = 0; k < D; ++k)
            inside = inside && x[i * D + k] >= fit_.lower[k] && x[i * D + k] <= fit_.upper[k];
        out.inside.push_back(inside ? 1 : 0);
    }
    return out;
}

} // namespace mfm
