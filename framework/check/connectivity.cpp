// SPDX-License-Identifier: Apache-2.0
// "mfm.connectivity/1": what the kit expects of a rule.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "check/kind.hpp"
#include "check/made_up_network.hpp"
#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

constexpr double preset_delay = 1.5; // ms
constexpr std::uint32_t no_partner = ~0u;

/// Settings that name the earlier projection of the made-up network.
std::vector<bool> wants_earlier(const Subject& subject) {
    std::vector<bool> out;
    for (std::size_t i = 0; i < subject.settings.size(); ++i) out.push_back(!subject.projections[i].empty());
    return out;
}

struct RuleRows {
    std::vector<std::uint64_t> start{0}; ///< [rows + 1]
    std::vector<std::uint32_t> partner;
    std::vector<double> contacts, delay;
    [[nodiscard]] Outputs outputs() const {
        Outputs out;
        out.add_whole<std::uint64_t>("where rows start", start);
        out.add_whole<std::uint32_t>("partner", partner);
        out.add("contacts", contacts);
        out.add("delay", delay);
        return out;
    }
};

/// A rule with a plan for one made-up network.
class Planned {
public:
    Planned(std::shared_ptr<const Live> live, const Subject& subject, const NetworkShape& shape, std::uint64_t seed,
            std::uint64_t stream, Place place)
        : live_(std::move(live)), table_(live_->table<mfm_connectivity_v1>(MFM_CONNECTIVITY_ID)),
          network_(shape, wants_earlier(subject), seed, stream, place), shape_(shape) {
        if (table_.orientation > MFM_BY_TARGET)
            throw Failed("rows",
                         fmt::format("the orientation is {}, neither by source nor by target", table_.orientation));
        prepared_ = call("prepare", table_.prepare, live_->self(), network_.projection(), &plan_);
    }
    Planned(const Planned&) = delete;
    Planned& operator=(const Planned&) = delete;
    ~Planned() {
        if (!prepared_.ok()) return;
        set_call("release");
        table_.release(live_->self(), plan_);
    }
    [[nodiscard]] const Returned& prepared() const { return prepared_; }
    [[nodiscard]] std::uint64_t rows() const { return by_source() ? shape_.n_source : shape_.n_target; }
    [[nodiscard]] std::uint64_t partners() const { return by_source() ? shape_.n_target : shape_.n_source; }
    [[nodiscard]] bool by_source() const { return table_.orientation == MFM_BY_SOURCE; }

    /// Rows first ... first + n - 1 with degree() and fill().
    [[nodiscard]] RuleRows rows_of(std::uint64_t first, std::uint64_t n, Place place) const {
        Arrays arrays(place);
        const std::vector<std::uint64_t> none(n, ~std::uint64_t{0});
        std::uint64_t* const degree = arrays.shared("degree", none);
        const void* const plan = plan_;
        must("rows", "degree", table_.degree, live_->self(), plan, first, n, degree);
        RuleRows out;
        for (std::uint64_t i = 0; i < n; ++i) {
            if (degree[i] == ~std::uint64_t{0})
                throw Failed("rows", fmt::format("degree did not write the degree of row {}", first + i));
            if (degree[i] > 1000 * (partners() + 1))
                throw Failed("rows", fmt::format("degree says {} for row {}, with {} partners", degree[i], first + i,
                                                 partners()));
            out.start.push_back(out.start.back() + degree[i]);
        }
        const std::size_t size = out.start.back();
        std::uint32_t* const partner = arrays.shared("partner", std::vector<std::uint32_t>(size, no_partner));
        double* const contacts = arrays.shared("contacts", std::vector<double>(size, 1.0));
        double* const delay = arrays.shared("delay", std::vector<double>(size, preset_delay));
        must("rows", "fill", table_.fill, live_->self(), plan, first, n, arrays.given("start", out.start), partner,
             contacts, delay);
        for (std::uint64_t i = 0; i < n; ++i)
            for (std::uint64_t k = out.start[i]; k < out.start[i + 1]; ++k) {
                if (partner[k] == no_partner)
                    throw Failed("rows", fmt::format("degree says {} partners for row {}, and fill wrote {}",
                                                     out.start[i + 1] - out.start[i], first + i, k - out.start[i]));
                if (partner[k] >= partners())
                    throw Failed("rows", fmt::format("fill gave row {} the partner {} of {}", first + i, partner[k],
                                                     partners()));
                if (!std::isfinite(contacts[k]) || contacts[k] < 0)
                    throw Failed("rows",
                                 fmt::format("fill gave an entry of row {} {} contacts", first + i, contacts[k]));
                if (!std::isfinite(delay[k]) || !(delay[k] > 0))
                    throw Failed("rows",
                                 fmt::format("fill gave an entry of row {} a delay of {} ms", first + i, delay[k]));
            }
        out.partner.assign(partner, partner + size);
        out.contacts.assign(contacts, contacts + size);
        out.delay.assign(delay, delay + size);
        return out;
    }
    /// What the rule says of its in-degrees; nothing where it cannot.
    [[nodiscard]] std::optional<std::pair<double, double>> said(Place place) const {
        if (!MFM_HAS(&table_, in_degree) || table_.in_degree == nullptr) return std::nullopt;
        Arrays arrays(place);
        double *const mean = arrays.wanted("mean", 1), *const sd = arrays.wanted("sd", 1);
        const Returned returned = call("in_degree", table_.in_degree, live_->self(), network_.projection(), mean, sd);
        if (returned.status == MFM_INFEASIBLE) return std::nullopt;
        if (!returned.ok()) throw Failed("in-degrees", "in_degree failed: " + returned.reason);
        if (!std::isfinite(*mean) || !(*mean >= 0) || !std::isfinite(*sd) || !(*sd >= 0))
            throw Failed("in-degrees", fmt::format("in_degree says {} with a standard deviation of {}", *mean, *sd));
        return std::pair{*mean, *sd};
    }

private:
    std::shared_ptr<const Live> live_;
    const mfm_connectivity_v1& table_;
    MadeUpNetwork network_;
    NetworkShape shape_;
    void* plan_ = nullptr;
    Returned prepared_;
};

/// The shapes of network that the rule takes.  Throws Failed when it takes none.
std::vector<NetworkShape> taken_shapes(const std::shared_ptr<const Live>& live, const Subject& subject) {
    std::vector<NetworkShape> out;
    std::string refusal;
    const std::vector<bool> wants = wants_earlier(subject);
    const bool any = std::find(wants.begin(), wants.end(), true) != wants.end();
    for (const NetworkShape& shape : network_shapes()) {
        if (!any && shape.onto_target) continue; // the same without an earlier projection
        const Planned planned(live, subject, shape, 1, 5, Place::Heap);
        if (planned.prepared().ok())
            out.push_back(shape);
        else if (refusal.empty())
            refusal = planned.prepared().reason.empty() ? "prepare gave no reason" : planned.prepared().reason;
    }
    if (out.empty())
        throw Failed("prepare", fmt::format("the rule takes none of the made-up networks ({}); give settings that suit "
                                            "120 to 150 cells in a box of 200 x 150 x 100 um "
                                            "with --set NAME=VALUE",
                                            refusal));
    return out;
}

Rig connectivity_rig(const Subject& subject, const SettingValues& settings, Place place) {
    const auto live = std::make_shared<const Live>(subject, settings, place);
    // One plan a variant: made here, because prepare is for one thread at a time.
    struct Plans {
        std::vector<NetworkShape> shapes;
        std::vector<std::unique_ptr<Planned>> planned;
    };
    const auto plans = std::make_shared<Plans>();
    plans->shapes = taken_shapes(live, subject);
    for (unsigned variant = 0; variant < 8; ++variant)
        plans->planned.push_back(std::make_unique<Planned>(live, subject, plans->shapes[variant % plans->shapes.size()],
                                                           1 + variant / plans->shapes.size(), 5, place));
    return {[live, plans](Place where, unsigned variant) {
        const Planned& planned = *plans->planned[variant % 8];
        Outputs out = planned.rows_of(0, planned.rows(), where).outputs();
        for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{17}, planned.rows() - 1})
            out.add_whole<std::uint32_t>("the partners of one row", planned.rows_of(first, 1, where).partner);
        if (const auto said = planned.said(where)) out.add("in_degree", std::array{said->first, said->second});
        return out;
    }};
}

void check_rows(const Subject& subject) {
    const auto live = std::make_shared<const Live>(subject, subject.settings);
    const auto shapes = taken_shapes(live, subject);
    std::uint64_t pairs = 0, folded = 0;
    bool random = false;
    for (const NetworkShape& shape : shapes) {
        const Planned planned(live, subject, shape, 1, 5, Place::Heap);
        const RuleRows whole = planned.rows_of(0, planned.rows(), Place::Heap);
        pairs += whole.partner.size();
        for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{13}, std::uint64_t{128}})
            for (std::uint64_t first = 0; first < planned.rows(); first += size) {
                const std::uint64_t n = std::min(size, planned.rows() - first);
                const RuleRows piece = planned.rows_of(first, n, Place::Heap);
                RuleRows expected;
                for (std::uint64_t i = 0; i < n; ++i)
                    expected.start.push_back(whole.start[first + i + 1] - whole.start[first]);
                const auto cut = [&](const auto& from) {
                    return std::vector(from.begin() + static_cast<std::ptrdiff_t>(whole.start[first]),
                                       from.begin() + static_cast<std::ptrdiff_t>(whole.start[first + n]));
                };
                expected.partner = cut(whole.partner);
                expected.contacts = cut(whole.contacts);
                expected.delay = cut(whole.delay);
                if (const auto difference = Outputs::difference(expected.outputs(), piece.outputs()))
                    throw Failed("rows",
                                 fmt::format("rows {} to {} in a call of their own instead of all rows in one: {}",
                                             first, first + n - 1, *difference));
            }
        for (std::uint64_t i = 0; i < planned.rows(); ++i) {
            auto row = std::vector(whole.partner.begin() + static_cast<std::ptrdiff_t>(whole.start[i]),
                                   whole.partner.begin() + static_cast<std::ptrdiff_t>(whole.start[i + 1]));
            std::sort(row.begin(), row.end());
            folded += static_cast<std::uint64_t>(row.end() - std::unique(row.begin(), row.end()));
        }
        const auto with = [&](std::uint64_t seed, std::uint64_t stream) {
            const Planned other(live, subject, shape, seed, stream, Place::Heap);
            return other.rows_of(0, other.rows(), Place::Heap).outputs();
        };
        if (const auto difference = Outputs::difference(whole.outputs(), with(1, 5)))
            throw Failed("seed", "two plans with the same seed differ: " + *difference);
        const bool by_seed = with(2, 5) != whole.outputs(), by_stream = with(1, 6) != whole.outputs();
        if (by_seed != by_stream)
            throw Failed("seed",
                         fmt::format("the rows depend on the {} and not on the {}; what is random is keyed by both",
                                     by_seed ? "seed" : "stream", by_seed ? "stream" : "seed"));
        random = random || by_seed;
    }
    subject.report.pass(
        "rows", fmt::format("{} entries in {} networks: partners, contacts and delays within range, degree() as "
                            "fill(), any pieces as the whole{}",
                            pairs, shapes.size(),
                            folded > 0 ? fmt::format("; {} entries repeat a pair, which the host folds", folded) : ""));
    subject.report.pass("seed", random ? "same seed, same rows; another seed or stream, other rows"
                                       : "nothing is random: rows do not depend on the seed");
    if (pairs == 0)
        subject.report.advice("rows",
                              "no network got any connection; give settings that make some with --set NAME=VALUE");
}

void check_in_degrees(const Subject& subject) {
    const auto live = std::make_shared<const Live>(subject, subject.settings);
    bool any = false;
    std::string numbers;
    for (const NetworkShape& shape : taken_shapes(live, subject)) {
        std::vector<double> degrees;
        std::optional<std::pair<double, double>> said;
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            const Planned planned(live, subject, shape, seed, 5, Place::Heap);
            if (!planned.prepared().ok()) continue;
            said = planned.said(Place::Heap);
            if (!said) break;
            const RuleRows rows = planned.rows_of(0, planned.rows(), Place::Heap);
            // Pairs, however often the rule gave them; those without a contact are none.
            std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;
            for (std::uint64_t i = 0; i < planned.rows(); ++i)
                for (std::uint64_t k = rows.start[i]; k < rows.start[i + 1]; ++k)
                    if (rows.contacts[k] > 0)
                        pairs.emplace_back(planned.by_source() ? rows.partner[k] : i,
                                           planned.by_source() ? i : rows.partner[k]);
            std::sort(pairs.begin(), pairs.end());
            pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
            std::vector<double> here(shape.n_target, 0.0);
            for (const auto& pair : pairs) here[pair.first] += 1.0;
            degrees.insert(degrees.end(), here.begin(), here.end());
        }
        if (!said) continue;
        any = true;
        const auto n = static_cast<double>(degrees.size());
        double mean = 0, second = 0, fourth = 0;
        for (const double d : degrees) mean += d;
        mean /= n;
        for (const double d : degrees) {
            second += std::pow(d - mean, 2) / n;
            fourth += std::pow(d - mean, 4) / n;
        }
        const double sd = std::sqrt(second), slack = 1e-9 * (1.0 + mean);
        const double error_of_mean = std::max(sd, said->second) / std::sqrt(n);
        // The error of a standard deviation by the delta method, from the fourth moment.
        const double error_of_sd = sd > 0 ? std::sqrt(std::max(fourth - second * second, 0.0) / n) / (2 * sd) : 0.0;
        if (std::abs(mean - said->first) > 5 * error_of_mean + slack ||
            std::abs(sd - said->second) > 6 * error_of_sd + 0.5 / n + slack)
            throw Failed("in-degrees",
                         fmt::format("in_degree says {:.4g} +- {:.4g} ({}), and {} target cells have {:.4g} +- {:.4g}",
                                     said->first, said->second, shape.name, n, mean, sd));
        if (numbers.empty())
            numbers = fmt::format("{:.4g} +- {:.4g} said, {:.4g} +- {:.4g} counted on {} cells", said->first,
                                  said->second, mean, sd, n);
    }
    if (any)
        subject.report.pass("in-degrees", "as in_degree says: " + numbers);
    else
        subject.report.note("in-degrees",
                            "the rule does not say them without building, so there is nothing to compare");
}

constexpr std::array groups{Group{"rows", &check_rows}, Group{"in-degrees", &check_in_degrees}};

void connectivity_costs(const Subject& subject, CostMeter& meter) {
    meter.measure("create, destroy", "", 1, [&] { const Live live(subject, subject.settings, Place::Heap); });
    const auto live = std::make_shared<const Live>(subject, subject.settings);
    const NetworkShape shape = taken_shapes(live, subject).front();
    const Planned planned(live, subject, shape, 1, 5, Place::Heap);
    const std::uint64_t edges = planned.rows_of(0, planned.rows(), Place::Heap).partner.size();
    meter.measure("prepare, release", "", 1, [&] { const Planned again(live, subject, shape, 1, 5, Place::Heap); });
    meter.measure("degree, fill", "edge", static_cast<double>(std::max<std::uint64_t>(edges, 1)),
                  [&] { (void)planned.rows_of(0, planned.rows(), Place::Heap); });
    if (planned.said(Place::Heap)) meter.measure("in_degree", "", 1, [&] { (void)planned.said(Place::Heap); });
}

} // namespace

const Kind connectivity_kind{
    MFM_CONNECTIVITY_ID, "connectivity rule", &connectivity_rig, groups, &connectivity_costs, false};

} // namespace mfm::check
