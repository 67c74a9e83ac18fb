// SPDX-License-Identifier: Apache-2.0
#include "transfer/inputs.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "plugin/settings.hpp"
#include "transfer/basis.hpp"

namespace mfm {
namespace {

constexpr double least_rate = 1e-6; // Hz
constexpr std::array<std::string_view, 7> known = {"G_e", "G_i", "mu_V", "sigma_V", "tau_V", "tau_N", "mu_G_N"};

} // namespace

TransferInputs::TransferInputs(std::shared_ptr<const MembraneCell> cell, std::vector<InputPathway> pathways,
                               const Instance& basis)
    : pathways_(std::move(pathways)) {
    bool conductances = false, moments = false;
    for (const mfm_field* field : basis_shape(basis).inputs) {
        const auto found = std::find(known.begin(), known.end(), std::string_view(field->name));
        if (found == known.end())
            throw InputError("transfer basis '" + basis.component().id() + "' asks for the input '" + field->name +
                             "'; there are G_e, G_i, mu_V, sigma_V, tau_V, tau_N and mu_G_N");
        inputs_.push_back(static_cast<Input>(found - known.begin()));
        names_.emplace_back(field->name);
        (inputs_.back() <= Input::G_i ? conductances : moments) = true;
    }
    bool has_current[2] = {false, false}, has_conductance[2] = {false, false};
    for (const InputPathway& p : pathways_) {
        unit_.push_back(1e-3 * std::abs(p.Q * kernel_area(p.receptor)));
        const auto axis = std::find(inputs_.begin(), inputs_.end(), p.excitatory ? Input::G_e : Input::G_i);
        axis_.push_back(axis == inputs_.end() ? no_axis : static_cast<std::size_t>(axis - inputs_.begin()));
        ((p.receptor.flags & MFM_RECEPTOR_CURRENT) != 0 ? has_current : has_conductance)[p.excitatory ? 0 : 1] = true;
    }
    for (int axis = 0; conductances && axis < 2; ++axis)
        if (has_current[axis] && has_conductance[axis])
            throw InputError("transfer basis '" + basis.component().id() + "' sums the " +
                             (axis == 0 ? "excitatory" : "inhibitory") +
                             " pathways on one axis, but some are conductances and some are currents; use a basis on "
                             "membrane moments");
    if (!moments) return;
    const int kind = basis.setting_with_role(MFM_ROLE_MOMENTS);
    if (cell == nullptr)
        throw InputError("transfer basis '" + basis.component().id() +
                         "' needs membrane moments, but no neuron was given");
    membrane_.emplace(std::move(cell), pathways_,
                      kind >= 0 ? moment_kind(basis.settings()[static_cast<std::size_t>(kind)].text)
                                : MomentKind::Linearised);
}

std::pair<double, double> TransferInputs::conductances(std::span<const double> r) const {
    std::pair<double, double> G{0.0, 0.0};
    for (std::size_t s = 0; s < pathways_.size(); ++s)
        (pathways_[s].excitatory ? G.first : G.second) += unit_[s] * r[s];
    return G;
}

void TransferInputs::evaluate(std::span<const double> r, double I, int order, InputPoint& out, bool by_current) const {
    const std::size_t S = pathways_.size(), V = S + (by_current ? 1 : 0), n = inputs_.size();
    out.defined = true;
    out.reason = {};
    out.x.assign(n, 0.0);
    out.d.assign(order > 0 ? n * V : 0, 0.0);
    out.d2.assign(order > 1 ? n * V * V : 0, 0.0);
    const auto G = conductances(r);
    MembraneMoments& m = out.moments;
    if (membrane_) {
        out.raised.clear();
        for (const double rate : r) out.raised.push_back(std::max(rate, least_rate));
        membrane_->evaluate(out.raised, I, order, m, by_current);
        if (!m.defined) {
            out.defined = false;
            out.reason = m.reason;
            return;
        }
    }
    for (std::size_t k = 0; k < n; ++k) {
        if (inputs_[k] <= Input::G_i) {
            const bool excitatory = inputs_[k] == Input::G_e;
            out.x[k] = excitatory ? G.first : G.second;
            for (std::size_t s = 0; order > 0 && s < S; ++s)
                if (pathways_[s].excitatory == excitatory) out.d[k * V + s] = unit_[s];
            continue;
        }
        MembraneMoments::Name name = MembraneMoments::MuV;
        double factor = 1.0;
        switch (inputs_[k]) {
        case Input::SigmaV:
            name = MembraneMoments::SigmaV;
            break;
        case Input::TauV:
            name = MembraneMoments::TauV;
            break;
        case Input::TauN:
            name = MembraneMoments::TauV;
            factor = membrane_->g_L() / membrane_->C_m();
            break;
        case Input::MuGN:
            name = MembraneMoments::MuG;
            factor = 1.0 / membrane_->g_L();
            break;
        default:
            break;
        }
        out.x[k] = factor * m.value[name];
        // Below least_rate the moments do not depend on the rate.
        const auto still = [&](std::size_t v) { return v < S && r[v] < least_rate; };
        for (std::size_t s = 0; order > 0 && s < V; ++s) out.d[k * V + s] = still(s) ? 0.0 : factor * m.d[name][s];
        for (std::size_t s = 0; order > 1 && s < V; ++s)
            for (std::size_t t = 0; t < V; ++t)
                out.d2[(k * V + s) * V + t] = still(s) || still(t) ? 0.0 : factor * m.d2[name][s * V + t];
    }
}

} // namespace mfm
