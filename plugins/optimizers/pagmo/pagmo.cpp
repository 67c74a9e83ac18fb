// SPDX-License-Identifier: Apache-2.0
#include <mfm/optimizer.hpp>
#include <mfm/pareto.hpp>

#include <cmath>
#include <memory>

#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/cmaes.hpp>
#include <pagmo/algorithms/de.hpp>
#include <pagmo/algorithms/de1220.hpp>
#include <pagmo/algorithms/moead.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/algorithms/sade.hpp>
#include <pagmo/batch_evaluators/member_bfe.hpp>
#include <pagmo/bfe.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>
#include <pagmo/utils/multi_objective.hpp>

#include "desk.hpp"
#include "mfm_page.h"

namespace mfm_pagmo {

/// Stands for the value of a point where the problem is not defined: worse than any that is.
constexpr double undefined = 1e30;

/// The host's problem as pagmo sees it, on the unit cube.  pagmo copies problems, and wants them to be storable; a copy
/// is another view of the same desk, and none is stored.
struct View {
    Desk* desk = nullptr;
    std::size_t island = 0, n = 1, objectives = 1;

    [[nodiscard]] std::vector<double> fitness(const std::vector<double>& y) const {
        return desk->ask(island, {y}).front();
    }
    [[nodiscard]] std::vector<double> batch_fitness(const std::vector<double>& all) const {
        Points points;
        for (std::size_t i = 0; i < all.size(); i += n)
            points.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(i),
                                all.begin() + static_cast<std::ptrdiff_t>(i + n));
        std::vector<double> out;
        for (const auto& value : desk->ask(island, points)) out.insert(out.end(), value.begin(), value.end());
        return out;
    }
    [[nodiscard]] std::pair<std::vector<double>, std::vector<double>> get_bounds() const {
        return {std::vector<double>(n, 0.0), std::vector<double>(n, 1.0)};
    }
    [[nodiscard]] std::size_t get_nobj() const { return objectives; }
    template <class Archive> void serialize(Archive&, unsigned) {}
};

} // namespace mfm_pagmo

PAGMO_S11N_PROBLEM_EXPORT(mfm_pagmo::View)

namespace mfm_pagmo {
namespace {

constexpr const char* algorithms[] = {"automatic", "cmaes", "de", "sade", "de1220", "nsga2", "moead", nullptr};

/// The parameters that are free, as coordinates of the unit cube.  Where a bound is infinite the cube ends `reach`
/// scales from the start.
class Cube {
public:
    Cube(std::span<const double> start, std::span<const double> lower, std::span<const double> upper,
         std::span<const double> scale, double reach)
        : at_(start.begin(), start.end()), lower_(lower.begin(), lower.end()), upper_(upper.begin(), upper.end()),
          walled_(at_.size(), false) {
        for (std::size_t i = 0; i < at_.size(); ++i) {
            const double wall = scale.empty() ? 0.0 : reach * scale[i];
            walled_[i] = !std::isfinite(lower_[i]) || !std::isfinite(upper_[i]);
            if (!std::isfinite(lower_[i])) lower_[i] = at_[i] - wall;
            if (!std::isfinite(upper_[i])) upper_[i] = at_[i] + wall;
            if (upper_[i] > lower_[i]) free_.push_back(i);
        }
    }
    [[nodiscard]] std::size_t size() const { return free_.size(); }
    [[nodiscard]] std::vector<double> from(std::span<const double> x) const {
        std::vector<double> y;
        for (const std::size_t i : free_) y.push_back(std::clamp((x[i] - lower_[i]) / (upper_[i] - lower_[i]), 0., 1.));
        return y;
    }
    void append(const std::vector<double>& y, std::vector<double>& x) const {
        const std::size_t first = x.size();
        x.insert(x.end(), at_.begin(), at_.end());
        for (std::size_t k = 0; k < free_.size(); ++k) {
            const std::size_t i = free_[k];
            x[first + i] = std::clamp(lower_[i] + y[k] * (upper_[i] - lower_[i]), lower_[i], upper_[i]);
        }
    }
    /// x is where the cube ends although the problem does not.
    [[nodiscard]] bool at_wall(std::span<const double> x) const {
        for (const std::size_t i : free_) {
            const double width = upper_[i] - lower_[i];
            if (walled_[i] && std::min(x[i] - lower_[i], upper_[i] - x[i]) < 1e-3 * width) return true;
        }
        return false;
    }

private:
    std::vector<double> at_, lower_, upper_;
    std::vector<bool> walled_;
    std::vector<std::size_t> free_;
};

/// Why a search was ended.
enum class End { Open, Budget, Stopped };

struct Pagmo {
    static constexpr auto id = "pagmo", version = "1.0.0",
                          summary = "evolution: CMA-ES, differential evolution; fronts by NSGA-II and MOEA/D",
                          citation = "Biscani & Izzo 2020, J Open Source Softw 5:2338, doi:10.21105/joss.02338";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::string algorithm, loss;
        std::int64_t population, max_evaluations, islands, epoch;
        double initial_step, reach, function_tolerance, parameter_tolerance, loss_scale;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::algorithm, "algorithm", algorithms,
                           "automatic is cmaes for one cost, nsga2 for several objectives"},
                mfm::Field{&S::population, "population", "1", 0., 0., 1e6,
                           "points of an island; 0: as many as suit the algorithm"},
                mfm::Field{&S::max_evaluations, "max_evaluations", "1", 20000., 1., 1e9, "budget of evaluations"},
                mfm::Field{&S::islands, "islands", "1", 1., 1., 64., "populations, each on a thread of its own"},
                mfm::Field{&S::epoch, "epoch", "1", 10., 1., 1e6,
                           "generations between two looks at convergence and two migrations"},
                mfm::Field{&S::initial_step, "initial_step", "1", 0.2, 0., 1.,
                           "first step of cmaes as a share of the box"}
                    .open_lower(),
                mfm::Field{&S::reach, "reach", "1", 100., 0., 1e12,
                           "where a bound is infinite the box ends so many scales from the start"}
                    .open_lower(),
                mfm::Field{&S::function_tolerance, "function_tolerance", "1", 1e-10, 0., 1.,
                           "converged when the costs of a population differ relatively by less"},
                mfm::Field{&S::parameter_tolerance, "parameter_tolerance", "1", 1e-8, 0., 1.,
                           "converged when a population spans less than this share of the box"},
                mfm::Field{&S::loss, "loss", mfm::Loss::choices, "how outliers count, of one cost"},
                mfm::Field{&S::loss_scale, "loss_scale", "1", 1., 0., 1e12,
                           "residual beyond which the loss departs from the square"}
                    .open_lower()};
        }
    };
    explicit Pagmo(const Settings& s) : s_(s) {
        if (is_of_several(s.algorithm) && s.loss != "none")
            throw mfm::Infeasible("algorithm '" + s.algorithm + "' has several objectives and takes no loss");
        if (s.algorithm == "nsga2" && (s.population % 4 != 0 || s.population == 4))
            throw mfm::Infeasible("nsga2 needs a population of a multiple of 4, at least 8 (or 0)");
        if (s.population > 0 && s.population < 8) throw mfm::Infeasible("a population needs at least 8 points (or 0)");
    }
    void prepare(mfm::Problem& problem) const { problem.use_loss(mfm::Loss::named(s_.loss, s_.loss_scale)); }

    [[nodiscard]] mfm::Outcome solve(mfm::Problem& problem) const {
        if (is_of_several(s_.algorithm))
            throw mfm::Infeasible("algorithm '" + s_.algorithm +
                                  "' is for several objectives, and there is one cost; take cmaes, de, sade or de1220");
        const Cube cube(problem.initial(), problem.lower(), problem.upper(), problem.scale(), s_.reach);
        if (cube.size() == 0) return {MFM_CONVERGED, 0, "every parameter is held by its bounds"};
        End end = End::Open;
        std::uint32_t calls = 0;
        Desk desk([&](const Points& points) {
            check_budget(problem.evaluations(), points.size(), end);
            std::vector<double> x;
            for (const auto& y : points) cube.append(y, x);
            Points out;
            for (const double cost : problem.costs(points.size(), x))
                out.push_back({std::isfinite(cost) ? cost : undefined});
            if (!problem.keep_going(++calls, problem.best_cost())) end = End::Stopped;
            return out;
        });
        Search search{*this,          desk, cube, 1, s_.algorithm == "automatic" ? "cmaes" : s_.algorithm,
                      problem.seed(), {},   {}};
        const bool converged = search.run(cube.from(problem.initial()), end);
        std::string wall = cube.at_wall(problem.best()) ? "; the best point is at the end of the box: raise reach" : "";
        return outcome(converged, end, search.generations, problem.evaluations(), wall);
    }

    [[nodiscard]] mfm::Outcome solve(mfm::Objectives& problem) const {
        if (!is_of_several(s_.algorithm) && s_.algorithm != "automatic")
            throw mfm::Infeasible("algorithm '" + s_.algorithm +
                                  "' is for one cost, and there are several objectives; take nsga2 or moead");
        const Cube cube(problem.initial(), problem.lower(), problem.upper(), {}, s_.reach);
        if (cube.size() == 0) return {MFM_CONVERGED, 0, "every parameter is held by its bounds"};
        const std::size_t m = problem.objectives();
        if (m < 2) throw mfm::Infeasible("a front needs at least two objectives");
        End end = End::Open;
        std::uint32_t calls = 0;
        Desk desk([&](const Points& points) {
            check_budget(problem.evaluations(), points.size(), end);
            std::vector<double> x, value(points.size() * m);
            std::vector<std::uint8_t> defined(points.size());
            for (const auto& y : points) cube.append(y, x);
            problem.evaluate(points.size(), x, value, defined);
            Points out;
            for (std::size_t i = 0; i < points.size(); ++i)
                out.push_back(defined[i] != 0
                                  ? std::vector<double>(value.begin() + static_cast<std::ptrdiff_t>(i * m),
                                                        value.begin() + static_cast<std::ptrdiff_t>((i + 1) * m))
                                  : std::vector<double>(m, undefined));
            if (!problem.keep_going(++calls)) end = End::Stopped;
            return out;
        });
        Search search{*this,          desk, cube, m, s_.algorithm == "automatic" ? "nsga2" : s_.algorithm,
                      problem.seed(), {},   {}};
        static_cast<void>(search.run(cube.from(problem.initial()), end));
        if (end == End::Stopped) return {MFM_STOPPED, search.generations, "stopped on request"};
        return {MFM_BUDGET, search.generations,
                "the front after " + std::to_string(problem.evaluations()) +
                    " evaluations; evolution cannot tell whether more would move it"};
    }

private:
    static bool is_of_several(const std::string& algorithm) { return algorithm == "nsga2" || algorithm == "moead"; }

    void check_budget(std::uint32_t done, std::size_t more, End& end) const {
        if (end == End::Open && done + more > static_cast<std::uint64_t>(s_.max_evaluations)) end = End::Budget;
        if (end != End::Open) throw Ended{};
    }
    [[nodiscard]] mfm::Outcome outcome(bool converged, End end, std::uint32_t generations, std::uint32_t evaluations,
                                       const std::string& wall) const {
        if (end == End::Stopped) return {MFM_STOPPED, generations, "stopped on request"};
        if (converged) return {MFM_CONVERGED, generations, "converged: the populations have contracted" + wall};
        return {MFM_BUDGET, generations,
                "not converged after " + std::to_string(evaluations) + " evaluations; raise max_evaluations" + wall};
    }

    /// The islands of one solve, and their history.
    struct Search {
        const Pagmo& it;
        Desk& desk;
        const Cube& cube;
        std::size_t objectives;
        std::string algorithm;
        std::uint64_t seed;
        std::vector<pagmo::population> population;
        std::vector<pagmo::algorithm> evolution;
        std::uint32_t generations = 0;

        /// True when every population has contracted; false when the search was ended.
        bool run(const std::vector<double>& start, const End& end) {
            try {
                const auto islands = static_cast<std::size_t>(it.s_.islands);
                const std::size_t points = size();
                for (std::size_t i = 0; i < islands; ++i) {
                    const auto its_seed = static_cast<unsigned>(seed * 1000003u + 7919u * i);
                    population.emplace_back(pagmo::problem(View{&desk, i, cube.size(), objectives}), 0u, its_seed);
                    evolution.push_back(make(points, its_seed));
                }
                desk.run(islands, [&](std::size_t i) {
                    Points first;
                    for (std::size_t k = 0; k < points; ++k)
                        first.push_back(i == 0 && k == 0 ? start : population[i].random_decision_vector());
                    const Points value = desk.ask(i, first);
                    for (std::size_t k = 0; k < points; ++k) population[i].push_back(first[k], value[k]);
                });
                while (end == End::Open) {
                    desk.run(islands, [&](std::size_t i) { population[i] = evolution[i].evolve(population[i]); });
                    generations += static_cast<std::uint32_t>(it.s_.epoch);
                    if (contracted()) return true;
                    if (algorithm != "cmaes") migrate(); // cmaes draws from its own mean, whatever the population is
                }
            } catch (const Ended&) { // `end` says why
            }
            return false;
        }

    private:
        [[nodiscard]] std::size_t size() const {
            if (it.s_.population > 0) return static_cast<std::size_t>(it.s_.population);
            const double n = static_cast<double>(cube.size());
            if (algorithm == "cmaes") return std::max<std::size_t>(8, static_cast<std::size_t>(4 + 3 * std::log(n)));
            if (objectives > 1) return 4 * std::max<std::size_t>(10, cube.size());
            return std::max<std::size_t>(15, 5 * cube.size());
        }
        [[nodiscard]] pagmo::algorithm make(std::size_t points, unsigned its_seed) const {
            const auto epoch = static_cast<unsigned>(it.s_.epoch);
            if (algorithm == "cmaes")
                return pagmo::algorithm(
                    pagmo::cmaes(epoch, -1, -1, -1, -1, it.s_.initial_step, 0., 0., true, true, its_seed));
            if (algorithm == "de") return pagmo::algorithm(pagmo::de(epoch, 0.8, 0.9, 2u, 0., 0., its_seed));
            if (algorithm == "sade") return pagmo::algorithm(pagmo::sade(epoch, 2u, 1u, 0., 0., true, its_seed));
            if (algorithm == "de1220")
                return pagmo::algorithm(
                    pagmo::de1220(epoch, pagmo::de1220_statics<void>::allowed_variants, 1u, 0., 0., true, its_seed));
            if (algorithm == "moead")
                return pagmo::algorithm(pagmo::moead(epoch, "low discrepancy", "tchebycheff",
                                                     std::min<std::size_t>(20, points - 1), 1.0, 0.5, 20., 0.9, 2u,
                                                     true, its_seed));
            pagmo::nsga2 nsga2(epoch, 0.95, 10., 1.0 / static_cast<double>(cube.size()), 50., its_seed);
            nsga2.set_bfe(pagmo::bfe(pagmo::member_bfe{}));
            return pagmo::algorithm(nsga2);
        }
        [[nodiscard]] bool contracted() const {
            if (objectives > 1) return false;
            for (const pagmo::population& p : population) {
                double least = mfm::infinity, most = -mfm::infinity, width = 0;
                for (const auto& f : p.get_f()) {
                    least = std::min(least, f[0]);
                    most = std::max(most, f[0]);
                }
                for (std::size_t k = 0; k < cube.size(); ++k) {
                    double low = mfm::infinity, high = -mfm::infinity;
                    for (const auto& y : p.get_x()) {
                        low = std::min(low, y[k]);
                        high = std::max(high, y[k]);
                    }
                    width = std::max(width, high - low);
                }
                if (most - least > it.s_.function_tolerance * std::abs(least) && width > it.s_.parameter_tolerance)
                    return false;
            }
            return true;
        }
        /// The best of every island takes the place of the worst of the next.
        void migrate() {
            if (population.size() < 2) return;
            std::vector<std::pair<std::vector<double>, std::vector<double>>> best;
            std::vector<std::size_t> worst;
            for (const pagmo::population& p : population) {
                const auto order = objectives > 1 ? pagmo::sort_population_mo(p.get_f())
                                                  : std::vector<std::size_t>{p.best_idx(), p.worst_idx()};
                best.emplace_back(p.get_x()[order.front()], p.get_f()[order.front()]);
                worst.push_back(order.back());
            }
            for (std::size_t i = 0; i < population.size(); ++i) {
                const auto& [y, f] = best[(i + population.size() - 1) % population.size()];
                population[i].set_xf(worst[i], y, f);
            }
        }
    };

    Settings s_;
};

} // namespace
} // namespace mfm_pagmo

MFM_PLUGIN("automfm", mfm::Optimizer<mfm_pagmo::Pagmo>);
