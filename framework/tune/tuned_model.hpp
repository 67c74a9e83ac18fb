// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "config/tune.hpp"
#include "meanfield/model.hpp"
#include "pipeline/derived.hpp"
#include "simulate/simulate.hpp"

namespace mfm {

/// A pipeline with free numbers, and what its model shows of [tune]'s targets: a function of the numbers alone, which
/// several threads may call.
///
/// On the mean field, each point is the base's derivation with changed parameters: in-degrees, weights, rates and the
/// equations' own numbers are those of the changed pipeline (the network's wiring is made again where it is another
/// one), and the transfer functions are the base's, or are measured again (transfer = "measured").  On the network,
/// each point is built and simulated.  Random numbers are the pipeline's own at every point.
class TunedModel {
public:
    /// `document`: of the base, with [tune] or without.  base: its derivation; NULL on the network.  Throws InputError
    /// for targets that the pipeline does not show.
    TunedModel(DocumentNode document, const PipelineConfig& config, const TuneConfig& tune, const Registry& registry,
               const Derived* base);

    [[nodiscard]] const TuneConfig& tune() const { return *tune_; }
    [[nodiscard]] std::size_t parameters() const { return tune_->parameters.size(); }
    [[nodiscard]] std::size_t targets() const { return tune_->targets.size(); }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    /// The model's value of every target, in the target's unit, at x [parameters].  Throws Error where there is none.
    [[nodiscard]] std::vector<double> values(std::span<const double> x) const;
    /// True when slopes() needs no new fixed points: all targets are rates and slopes of the mean field.
    [[nodiscard]] bool is_implicit() const { return implicit_; }
    /// Values, and d value / d x [targets][parameters].  By implicit differentiation of the fixed points nu = F(nu, x):
    ///     d nu / d x = (1 - dF/d nu)^-1 dF/d x,
    /// dF/d nu exact, dF/d x a difference at the fixed rates themselves, so that no fixed point is sought; otherwise by
    /// central differences of values().  models: how many were built, the one at x included.
    [[nodiscard]] std::vector<double> slopes(std::span<const double> x, std::vector<double>& slope,
                                             std::uint32_t& models) const;
    /// Sentences about the fixed points behind the values at x, sought from everywhere: populations outside of their
    /// transfer functions' domains, states that are not stable, further states.  Empty on the network.
    [[nodiscard]] std::vector<std::string> remarks(std::span<const double> x) const;
    /// How many models slopes() builds.
    [[nodiscard]] std::uint32_t models_of_slopes() const;
    /// A parameter changes the wiring, so that values() is a step function of it: differences take large steps.
    [[nodiscard]] bool is_rough(std::size_t parameter) const { return rough_[parameter]; }
    /// The base's pipeline with these numbers, without [tune] and variants.
    [[nodiscard]] DocumentNode document_at(std::span<const double> x) const;

private:
    struct Model {
        PipelineConfig config;
        std::shared_ptr<const MeanFieldModel> mean_field;
    };
    /// What the targets need of one condition.
    struct Needed {
        std::size_t protocol = 0; ///< index into protocol_conditions()
        bool fluctuations = false;
    };
    /// What one condition shows: rates of all of the pipeline's populations, and what else is needed.
    struct Shown {
        std::vector<double> rate_hz;
        std::vector<std::vector<double>> power;     ///< [populations][frequencies of the grid]
        std::vector<std::vector<double>> course_hz; ///< [populations][bins], smoothed
        double bin = 1, from = 0, to = 0;           ///< ms: of the courses; the window of a peak
    };

    [[nodiscard]] PipelineConfig config_at(std::span<const double> x) const;
    [[nodiscard]] Model model_at(std::span<const double> x) const;
    /// condition: index into needed_.
    [[nodiscard]] std::vector<double> fixed_rates(const Model&, std::size_t condition) const;
    [[nodiscard]] Shown shown(const Model&, std::size_t condition) const;
    [[nodiscard]] std::vector<Shown> simulated(std::span<const double> x) const;
    [[nodiscard]] double value(const TuneTarget&, std::size_t target, const std::vector<Shown>&) const;
    [[nodiscard]] double step(std::size_t parameter, bool for_values) const;

    DocumentNode document_;
    const TuneConfig* tune_;
    const Registry* registry_;
    const Derived* base_;
    std::filesystem::path file_;
    std::uint64_t seed_;
    std::vector<std::string> populations_; ///< of the pipeline
    std::vector<ProtocolCondition> protocols_;
    std::vector<Needed> needed_;
    std::vector<std::vector<std::size_t>> uses_; ///< [targets] indices into needed_
    std::vector<double> frequencies_;            ///< of spectra, Hz
    std::vector<bool> rough_;
    /// [needed_] rates of the mean field at the parameters' start, from which fixed points are sought; empty where it
    /// has none, or varies in time.
    std::vector<std::vector<double>> start_hz_;
    bool implicit_ = false;
};

} // namespace mfm
