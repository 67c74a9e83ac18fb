// SPDX-License-Identifier: Apache-2.0
// The authoring layer of "mfm.connectivity/1": a rule is a class that says which partners one cell has.
//
//   struct Sparse {
//       static constexpr auto id = "sparse", version = "1.0.0", summary = "...", citation = "...";
//       static constexpr std::uint32_t orientation = MFM_BY_SOURCE;        // row = source, partner = target; or
//       MFM_BY_TARGET struct Settings { double p; static constexpr auto fields() { ... } }; explicit Sparse(const
//       Settings& s) : settings(s) {} Settings settings; void row(const mfm::ProjectionView& view, std::uint64_t i,
//       mfm::RandomSequence& random, mfm::Row& row) const {
//           for (std::uint64_t j = 0; j < row.partners(); ++j) if (random.uniform() < settings.p) row.add(j);
//       }
//   };
//   MFM_PLUGIN("My Lab", mfm::Connectivity<Sparse>);
//
// Optional members:
//   Plan prepare(const ProjectionView&) const               once a projection; `row` then takes (view, plan, i, random,
//   row) std::uint64_t degree(view, plan, i, random) const       when counting is cheaper than writing (without plan:
//   (view, i, random)) Degree in_degree(const ProjectionView&) const           the law of the in-degree, without
//   building; may throw Infeasible
// `row` runs twice a cell, to count and to write; its random numbers are keyed by (seed, stream, row), so both agree.
// A partner may be added more than once: the host folds those into one pair with more contacts.
#pragma once
#include <mfm/plugin.hpp>
#include <mfm/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>

namespace mfm {

/// Cells of one population; positions in um when they have a place.
class PopulationView {
public:
    explicit PopulationView(const mfm_population* population) : population_(population) {}
    [[nodiscard]] std::string_view name() const { return population_->name; }
    [[nodiscard]] std::uint64_t size() const { return population_->n; }
    [[nodiscard]] bool placed() const { return population_->position != nullptr; }
    [[nodiscard]] std::span<const double> coordinate(unsigned axis) const {
        return {population_->position[axis], static_cast<std::size_t>(population_->n)};
    }
    [[nodiscard]] std::array<double, 3> position(std::uint64_t i) const {
        return {population_->position[0][i], population_->position[1][i], population_->position[2][i]};
    }
    /// One sentence instead of a crash, for rules that measure distances.
    void require_positions(const char* rule) const {
        if (!placed())
            throw Infeasible("population '" + std::string(name()) + "' has no place, and rule '" + rule +
                             "' needs positions; give it a placement with a layer");
    }

private:
    const mfm_population* population_;
};

/// A finished projection, seen from both ends; spans are sorted.
class EdgesView {
public:
    explicit EdgesView(const mfm_edges* edges) : edges_(edges) {}
    [[nodiscard]] std::string_view name() const { return edges_->name; }
    [[nodiscard]] PopulationView source() const { return PopulationView(edges_->source); }
    [[nodiscard]] PopulationView target() const { return PopulationView(edges_->target); }
    [[nodiscard]] std::uint64_t size() const { return edges_->row[edges_->source->n]; }
    [[nodiscard]] std::span<const std::uint32_t> targets_of(std::uint64_t source_cell) const {
        return {edges_->to + edges_->row[source_cell],
                static_cast<std::size_t>(edges_->row[source_cell + 1] - edges_->row[source_cell])};
    }
    [[nodiscard]] std::span<const std::uint32_t> sources_of(std::uint64_t target_cell) const {
        return {edges_->from + edges_->column[target_cell],
                static_cast<std::size_t>(edges_->column[target_cell + 1] - edges_->column[target_cell])};
    }
    /// True when both views show cells of the same population.
    [[nodiscard]] static bool same(const PopulationView& a, const PopulationView& b) {
        return a.name() == b.name() && a.size() == b.size();
    }

private:
    const mfm_edges* edges_;
};

/// What a rule may know of the projection that it makes.
class ProjectionView {
public:
    explicit ProjectionView(const mfm_projection* projection) : projection_(projection) {}
    [[nodiscard]] PopulationView source() const { return PopulationView(projection_->source); }
    [[nodiscard]] PopulationView target() const { return PopulationView(projection_->target); }
    [[nodiscard]] bool same_population() const { return projection_->same_population != 0; }
    /// Corners of the volume, um.
    [[nodiscard]] std::span<const double, 3> lower() const { return std::span<const double, 3>(projection_->lower, 3); }
    [[nodiscard]] std::span<const double, 3> upper() const { return std::span<const double, 3>(projection_->upper, 3); }
    /// True when the setting (a projection_name() field) names a projection.
    template <class S> [[nodiscard]] bool has_earlier(std::string S::*setting) const {
        return edges(setting) != nullptr;
    }
    /// The earlier projection that a setting names: view.earlier(&Settings::through).
    template <class S> [[nodiscard]] EdgesView earlier(std::string S::*setting) const {
        const mfm_edges* found = edges(setting);
        if (found == nullptr) throw Infeasible("a setting of the rule must name an earlier projection and is empty");
        return EdgesView(found);
    }
    /// A keyed sequence of this projection for `prepare` and other purposes than a row (those use purpose 0).
    [[nodiscard]] RandomSequence random(std::uint64_t element, std::uint32_t purpose) const {
        return {projection_->seed, projection_->stream, element, purpose};
    }

private:
    template <class S> const mfm_edges* edges(std::string S::*setting) const {
        if (projection_->earlier == nullptr) return nullptr;
        const mfm_edges* found = nullptr;
        std::size_t index = 0;
        std::apply(
            [&](const auto&... field) {
                (
                    [&] {
                        if constexpr (std::is_same_v<decltype(field.member), std::string S::*>)
                            if (field.member == setting) found = projection_->earlier[index];
                        ++index;
                    }(),
                    ...);
            },
            Schema<S>::fields);
        return found;
    }
    const mfm_projection* projection_;
};

/// The partners of one cell.  Counts only, or writes into the host's arrays.
class Row {
public:
    /// Counting.
    explicit Row(std::uint64_t partners) : partners_(partners) {}
    /// Writing at most `capacity` entries.
    Row(std::uint64_t partners, std::uint64_t capacity, std::uint32_t* partner, double* contacts, double* delay)
        : partners_(partners), capacity_(capacity), partner_(partner), contacts_(contacts), delay_(delay) {}
    /// How many cells the other population has.
    [[nodiscard]] std::uint64_t partners() const { return partners_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    void add(std::uint64_t partner) { (void)slot(partner); }
    /// With synapses per pair, which multiply the projection's own.
    void add(std::uint64_t partner, double contacts) {
        const std::uint64_t k = slot(partner);
        if (contacts_ != nullptr) contacts_[k] = contacts;
    }
    /// With a delay of its own (ms).
    void add(std::uint64_t partner, double contacts, double delay) {
        const std::uint64_t k = slot(partner);
        if (contacts_ != nullptr) contacts_[k] = contacts;
        if (delay_ != nullptr) delay_[k] = delay;
    }

private:
    std::uint64_t slot(std::uint64_t partner) {
        if (partner >= partners_) throw std::out_of_range("a rule added a partner that does not exist");
        if (partner_ != nullptr) {
            if (size_ >= capacity_) throw std::logic_error("a rule wrote more partners than it counted");
            partner_[size_] = static_cast<std::uint32_t>(partner);
        }
        return size_++;
    }
    std::uint64_t partners_, size_ = 0, capacity_ = 0;
    std::uint32_t* partner_ = nullptr;
    double *contacts_ = nullptr, *delay_ = nullptr;
};

/// Mean and standard deviation of pairs per target cell.
struct Degree {
    double mean = 0.0, sd = 0.0;
};

struct NoPlan {};

/// The component of an author's rule; see the top of this file.
template <class T> struct ConnectivityTable {
    static constexpr bool has_plan = requires(const T& rule, const ProjectionView& view) { rule.prepare(view); };
    static auto make_plan(const T& rule, const ProjectionView& view) {
        if constexpr (has_plan)
            return rule.prepare(view);
        else
            return (void)rule, (void)view, NoPlan{};
    }
    struct Held {
        ProjectionView view;
        const mfm_projection* projection;
        decltype(make_plan(std::declval<const T&>(), std::declval<const ProjectionView&>())) plan;
        [[nodiscard]] std::uint64_t partners() const {
            return T::orientation == MFM_BY_SOURCE ? view.target().size() : view.source().size();
        }
        [[nodiscard]] RandomSequence random(std::uint64_t row) const { return view.random(row, 0); }
    };

    static void write_row(const T& rule, const Held& held, std::uint64_t i, Row& row) {
        RandomSequence random = held.random(i);
        if constexpr (has_plan)
            rule.row(held.view, held.plan, i, random, row);
        else
            rule.row(held.view, i, random, row);
    }
    static std::uint64_t count_row(const T& rule, const Held& held, std::uint64_t i) {
        RandomSequence random = held.random(i);
        if constexpr (requires { rule.degree(held.view, held.plan, i, random); })
            return rule.degree(held.view, held.plan, i, random);
        else if constexpr (requires { rule.degree(held.view, i, random); })
            return rule.degree(held.view, i, random);
        else {
            Row row(held.partners());
            write_row(rule, held, i, row);
            return row.size();
        }
    }

    static mfm_status prepare(void* self, const mfm_projection* projection, void** plan, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const ProjectionView view(projection);
            *plan = new Held{view, projection, make_plan(*static_cast<const T*>(self), view)};
        });
    }
    static void release(void*, void* plan) noexcept { delete static_cast<Held*>(plan); }
    static mfm_status degree(void* self, const void* plan, std::uint64_t first, std::uint64_t n, std::uint64_t* out,
                             mfm_error* error) noexcept {
        return guarded(error, [&] {
            const auto& held = *static_cast<const Held*>(plan);
            for (std::uint64_t i = 0; i < n; ++i) out[i] = count_row(*static_cast<const T*>(self), held, first + i);
        });
    }
    static mfm_status fill(void* self, const void* plan, std::uint64_t first, std::uint64_t n,
                           const std::uint64_t* start, std::uint32_t* partner, double* contacts, double* delay,
                           mfm_error* error) noexcept {
        return guarded(error, [&] {
            const auto& held = *static_cast<const Held*>(plan);
            for (std::uint64_t i = 0; i < n; ++i) {
                const std::uint64_t begin = start[i], size = start[i + 1] - begin;
                Row row(held.partners(), size, partner + begin, contacts + begin, delay + begin);
                write_row(*static_cast<const T*>(self), held, first + i, row);
                if (row.size() != size) throw std::logic_error("a rule wrote fewer partners than it counted");
            }
        });
    }
    static mfm_status in_degree(void* self, const mfm_projection* projection, double* mean, double* sd,
                                mfm_error* error) noexcept {
        return guarded(error, [&] {
            if constexpr (requires(const T& rule, const ProjectionView& view) { rule.in_degree(view); }) {
                const Degree law = static_cast<const T*>(self)->in_degree(ProjectionView(projection));
                *mean = law.mean;
                *sd = law.sd;
            } else
                throw Infeasible("the rule cannot say its in-degree without building");
        });
    }
    static constexpr mfm_connectivity_v1 table{
        sizeof(mfm_connectivity_v1), T::orientation, &prepare, &release, &degree, &fill, &in_degree};
    static constexpr std::array<mfm_interface, 1> list{{{MFM_CONNECTIVITY_ID, &table}}};
};

template <class T> struct Connectivity : ComponentOf<T, ConnectivityTable<T>> {};

} // namespace mfm
