// SPDX-License-Identifier: Apache-2.0
#include "python/nodes.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "meanfield/fixed_points.hpp"

namespace mfm {

Nodes::Nodes(MeanFieldModel model, std::size_t nodes, unsigned threads)
    : model_(std::move(model)), node_(nodes), announced_(model_.internal().size(), false), threads_(threads),
      arena_(std::make_unique<tbb::task_arena>(threads > 0 ? static_cast<int>(threads) : tbb::task_arena::automatic)) {
    if (nodes == 0) throw InputError("a model needs at least one node");
    if (model_.internal().empty()) throw InputError("the mean field has no population with equations");
}

std::unique_ptr<Nodes> Nodes::copies(std::size_t nodes) const {
    if (nodes != size() && size() != 1)
        throw InputError(fmt::format("{} nodes cannot be copied into {}: copy one node into many, or all of them once",
                                     size(), nodes));
    auto out = std::make_unique<Nodes>(model_, nodes, threads_);
    out->announced_ = announced_;
    for (std::size_t i = 0; i < nodes; ++i) {
        const Node& from = node_[size() == 1 ? 0 : i];
        if (from.evolution) out->node_[i].evolution = std::make_unique<Evolution>(*from.evolution);
        out->node_[i].outside = from.outside;
        out->node_[i].told = from.told;
    }
    return out;
}

void Nodes::require(std::span<const double> given, std::size_t wanted, const char* what) const {
    if (given.size() != wanted)
        throw InputError(
            fmt::format("{} {} were given, and {} are needed for {} nodes", given.size(), what, wanted, size()));
    for (const double rate : given)
        if (!(rate >= 0) || !std::isfinite(rate))
            throw InputError(fmt::format("{} Hz among the {}: rates must be finite and not negative", rate, what));
}

void Nodes::require_state() const {
    if (!node_.front().evolution) throw InputError("the model has no state yet: settle it first");
}

void Nodes::each(const std::function<void(Node&, std::size_t)>& work) {
    if (size() == 1) return work(node_.front(), 0);
    arena_->execute([&] {
        tbb::parallel_for(std::size_t{0}, size(), [&](std::size_t i) {
            try {
                work(node_[i], i);
            } catch (const Error& error) {
                throw Error(error.code, fmt::format("node {}: {}", i, error.what()));
            }
        });
    });
}

void Nodes::settle(std::span<const double> external_hz) {
    const std::size_t E = model_.external().size();
    require(external_hz, size() * E, "external rates");
    std::map<std::vector<double>, std::vector<double>> rest; // many nodes have the same external rates, as a rule
    for (std::size_t i = 0; i < size(); ++i)
        rest[{external_hz.begin() + static_cast<std::ptrdiff_t>(i * E),
              external_hz.begin() + static_cast<std::ptrdiff_t>((i + 1) * E)}];
    for (auto& [external, rates] : rest) rates = resting_point(fixed_points(model_, external)).rate_hz;
    std::vector<double> internal;
    for (std::size_t i = 0; i < size(); ++i) {
        const std::vector<double>& rates = rest.at({external_hz.begin() + static_cast<std::ptrdiff_t>(i * E),
                                                    external_hz.begin() + static_cast<std::ptrdiff_t>((i + 1) * E)});
        for (const std::size_t p : model_.internal()) internal.push_back(rates[p]);
    }
    start(external_hz, internal);
}

void Nodes::start(std::span<const double> external_hz, std::span<const double> rate_hz) {
    const std::size_t E = model_.external().size(), P = model_.internal().size();
    require(external_hz, size() * E, "external rates");
    require(rate_hz, size() * P, "rates");
    std::vector<Node> fresh(size());
    for (std::size_t i = 0; i < size(); ++i) {
        std::vector<double> all(model_.populations().size(), 0.0);
        for (std::size_t k = 0; k < P; ++k) all[model_.internal()[k]] = rate_hz[i * P + k];
        fresh[i].evolution =
            std::make_unique<Evolution>(model_, constant_course(external_hz.subspan(i * E, E)), std::move(all));
        fresh[i].outside.assign(P, 0);
        fresh[i].told.assign(P, {});
    }
    node_ = std::move(fresh);
    announced_.assign(P, false);
}

void Nodes::read(Node& node, double t, double* rate_hz) {
    Evolution& evolution = *node.evolution;
    const double* y = evolution.state_at(t);
    const bool synaptic = model_.config().dynamics == MeanFieldConfig::Dynamics::Synaptic;
    const double* u = synaptic ? nullptr : evolution.taps_at(t);
    for (std::size_t k = 0; k < model_.internal().size(); ++k) {
        const std::size_t p = model_.internal()[k];
        rate_hz[k] = std::max(evolution.rate(p, y, t), 0.0);
        evolution.dynamics().presynaptic(p, y, u, node.presynaptic);
        if (node.outside[k] != 0 || model_.inside(p, node.presynaptic)) continue;
        node.outside[k] = 1;
        node.told[k] = fmt::format("{} left the domain of the transfer function at {:.6g} ms",
                                   model_.describe_inputs(p, node.presynaptic), t);
    }
}

void Nodes::step(double dt, std::span<const double> external_hz) {
    std::vector<double> rate_hz(size() * model_.internal().size());
    run(dt, 1, external_hz, false, rate_hz, [] {});
}

void Nodes::run(double dt, std::size_t steps, std::span<const double> external_hz, bool linear,
                std::span<double> rate_hz, const std::function<void()>& pause) {
    const std::size_t E = model_.external().size(), P = model_.internal().size(), n = size();
    if (!(dt > 0) || !std::isfinite(dt)) throw InputError(fmt::format("a step of {} ms: it must be positive", dt));
    require_state();
    require(external_hz, (steps + (linear ? 1 : 0)) * n * E, "external rates");
    const double begin = time();
    constexpr std::size_t slice = 100; // steps between two looks at what the caller wants
    for (std::size_t from = 0; from < steps; from += slice) {
        const std::size_t to = std::min(from + slice, steps);
        each([&](Node& node, std::size_t i) {
            const auto time_of = [&](std::size_t k) { return begin + static_cast<double>(k) * dt; };
            const auto input = [&](std::size_t k, std::size_t e) { return external_hz[(k * n + i) * E + e]; };
            ExternalCourse course(E);
            for (std::size_t e = 0; e < E; ++e) {
                double last = node.evolution->course()[e].value(node.evolution->time());
                const auto jump = [&](std::size_t k) {
                    if (input(k, e) != last) course[e].knot(time_of(k), last).knot(time_of(k), input(k, e));
                    last = input(k, e);
                };
                if (linear) {
                    jump(from);
                    if (course[e].knots().empty() && node.evolution->course()[e].knots().back().t < time_of(from))
                        course[e].knot(time_of(from), last);
                    for (std::size_t k = from + 1; k <= to; ++k) course[e].knot(time_of(k), input(k, e));
                } else {
                    for (std::size_t k = from; k < to; ++k) jump(k);
                }
            }
            node.evolution->extend(course);
            for (std::size_t k = from; k < to; ++k) {
                const double at = time_of(k + 1);
                while (node.evolution->time() < at - Evolution::time_resolution(at)) node.evolution->step(time_of(to));
                read(node, at, &rate_hz[(k * n + i) * P]);
            }
        });
        pause();
    }
}

std::vector<double> Nodes::rates() const {
    require_state();
    std::vector<double> out;
    for (const Node& node : node_)
        for (const std::size_t p : model_.internal())
            out.push_back(std::max(node.evolution->state()[node.evolution->dynamics().rate_index(p)], 0.0));
    return out;
}

std::vector<double> Nodes::adaptation() const {
    require_state();
    std::vector<double> out;
    for (const Node& node : node_)
        for (const std::size_t p : model_.internal()) {
            const auto w = node.evolution->dynamics().adaptation_index(p);
            out.push_back(w ? node.evolution->state()[*w] : std::numeric_limits<double>::quiet_NaN());
        }
    return out;
}

std::vector<double> Nodes::state() const {
    require_state();
    std::vector<double> out;
    for (const Node& node : node_)
        out.insert(out.end(), node.evolution->state(), node.evolution->state() + node.evolution->dynamics().size());
    return out;
}

std::vector<char> Nodes::outside() const {
    require_state();
    std::vector<char> out;
    for (const Node& node : node_) out.insert(out.end(), node.outside.begin(), node.outside.end());
    return out;
}

std::vector<std::string> Nodes::new_excursions() {
    std::vector<std::string> out;
    for (std::size_t k = 0; k < announced_.size(); ++k)
        for (std::size_t i = 0; i < size() && !announced_[k]; ++i) {
            if (node_[i].told.empty() || !node_[i].told[k]) continue;
            announced_[k] = true;
            out.push_back((size() > 1 ? fmt::format("node {}: ", i) : "") + *node_[i].told[k]);
        }
    return out;
}

IntegrationStatistics Nodes::statistics() const {
    IntegrationStatistics sum;
    for (const Node& node : node_) {
        if (!node.evolution) continue;
        const IntegrationStatistics s = node.evolution->statistics();
        sum.steps += s.steps;
        sum.derivatives += s.derivatives;
        sum.jacobians += s.jacobians;
        sum.error_test_failures += s.error_test_failures;
        sum.newton_failures += s.newton_failures;
        sum.restarts += s.restarts;
    }
    return sum;
}

} // namespace mfm
