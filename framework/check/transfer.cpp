// SPDX-License-Identifier: Apache-2.0
// "mfm.transfer/1": what the kit expects of a family of transfer functions.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "check/kind.hpp"
#include "plugin/settings.hpp"
#include "transfer/gradient_check.hpp"

namespace mfm::check {
namespace {

/// Where the inputs that the host knows usually lie.
std::pair<double, double> usual_range(const std::string& name) {
    static const std::map<std::string, std::pair<double, double>, std::less<>> ranges{
        {"G_e", {1.0, 20.0}},   {"G_i", {1.0, 40.0}},  {"mu_V", {-70.0, -52.0}}, {"sigma_V", {2.0, 8.0}},
        {"tau_V", {4.0, 20.0}}, {"tau_N", {0.7, 1.5}}, {"mu_G_N", {2.0, 4.0}}};
    const auto found = ranges.find(name);
    return found == ranges.end() ? std::pair{0.5, 2.0} : found->second;
}

/// An instance, its shape, and coefficients near made-up data.
struct Basis {
    Live live;
    const mfm_transfer_v1& table;
    std::vector<const mfm_field*> inputs, coefficients;
    std::vector<double> lower, upper;
    std::vector<double> start; ///< [coefficients] what guess() gives

    Basis(const Subject& subject, const SettingValues& settings, Place place)
        : live(subject, settings, place), table(live.table<mfm_transfer_v1>(MFM_TRANSFER_ID)) {
        const mfm_field *const *in = nullptr, *const *coefficient = nullptr;
        must("shape", "shape", table.shape, live.self(), &in, &coefficient);
        if (in == nullptr || coefficient == nullptr) throw Failed("shape", "shape left a list unset");
        for (; *in != nullptr; ++in) inputs.push_back(*in);
        for (; *coefficient != nullptr; ++coefficient) coefficients.push_back(*coefficient);
        if (inputs.empty()) throw Failed("shape", "shape names no inputs");
        for (const mfm_field* field : inputs) {
            lower.push_back(usual_range(field->name).first);
            upper.push_back(usual_range(field->name).second);
        }
        start = guess(0, Place::Heap);
    }
    /// Points inside of the domain: [inputs][n].
    [[nodiscard]] std::vector<std::vector<double>> points(std::size_t n, unsigned variant = 0) const {
        std::vector<std::vector<double>> out;
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            out.emplace_back();
            for (std::size_t i = 0; i < n; ++i)
                out[k].push_back(lower[k] + (upper[k] - lower[k]) * (0.05 + 0.9 * spread(i, k + 100 * variant)));
        }
        return out;
    }
    [[nodiscard]] std::vector<double> guess(unsigned variant, Place place) const {
        Arrays arrays(place);
        constexpr std::size_t n = 60;
        const auto x = points(n, variant);
        std::vector<double> rate, weight;
        for (std::size_t i = 0; i < n; ++i) {
            // More with the first input, less with the second, as rates do.
            const double up = (x[0][i] - lower[0]) / (upper[0] - lower[0]),
                         down = x.size() > 1 && std::string_view(inputs[1]->name) == "G_i"
                                    ? (x[1][i] - lower[1]) / (upper[1] - lower[1])
                                    : 0.0;
            rate.push_back(1.0 + 40.0 * up * up * (1.0 - 0.5 * down));
            weight.push_back(1.0 / (1.0 + rate.back()));
        }
        mfm_transfer_batch b = batch_of(arrays, x, {});
        b.weight = arrays.given("weight", weight);
        b.value = const_cast<double*>(arrays.given("value", rate)); // the data, which guess only reads
        double* const found = arrays.wanted("coefficient", coefficients.size());
        must("guess", "guess", table.guess, live.self(), arrays.given_one("the batch", b), found);
        for (std::size_t k = 0; k < coefficients.size(); ++k) {
            if (is_unwritten(found[k]))
                throw Failed("guess", fmt::format("guess did not write coefficient '{}'", coefficients[k]->name));
            if (!std::isfinite(found[k]) || found[k] < coefficients[k]->lower || found[k] > coefficients[k]->upper)
                throw Failed("guess", fmt::format("guess gives {} for coefficient '{}', which must be {}", found[k],
                                                  coefficients[k]->name, bounds_text(*coefficients[k])));
        }
        return {found, found + coefficients.size()};
    }
    struct Values {
        std::vector<double> value;
        std::vector<std::vector<double>> d_coefficient, d_input, d2_input;
        [[nodiscard]] Outputs outputs() const {
            Outputs out;
            out.add("value", value);
            for (const auto& d : d_coefficient) out.add("d_coefficient", d);
            for (const auto& d : d_input) out.add("d_input", d);
            for (const auto& d : d2_input) out.add("d2_input", d);
            return out;
        }
    };
    /// Which derivatives are asked for: 1 by coefficient, 2 by input, 4 twice by input.
    [[nodiscard]] Values evaluate(const std::vector<std::vector<double>>& x, const std::vector<double>& c,
                                  unsigned which, Place place) const {
        Arrays arrays(place);
        const std::size_t n = x[0].size(), D = inputs.size();
        mfm_transfer_batch b = batch_of(arrays, x, c);
        b.value = arrays.wanted("value", n);
        const auto rows = [&](const std::string& name, std::size_t count, bool wanted) {
            std::vector<double*> list;
            for (std::size_t k = 0; k < count && wanted; ++k)
                list.push_back(arrays.wanted(fmt::format("{} [{}]", name, k), n));
            return list;
        };
        const auto dc = rows("d_coefficient", c.size(), (which & 1) != 0), di = rows("d_input", D, (which & 2) != 0),
                   d2 = rows("d2_input", D * D, (which & 4) != 0);
        b.d_coefficient = (which & 1) != 0 ? arrays.given("the list d_coefficient", dc) : nullptr;
        b.d_input = (which & 2) != 0 ? arrays.given("the list d_input", di) : nullptr;
        b.d2_input = (which & 4) != 0 ? arrays.given("the list d2_input", d2) : nullptr;
        must("evaluate", "evaluate", table.evaluate, live.self(), arrays.given_one("the batch", b));
        const auto take = [&](const std::string& name, const double* from) {
            for (std::size_t i = 0; i < n; ++i)
                if (is_unwritten(from[i]))
                    throw Failed("evaluate", fmt::format("evaluate did not write {} of point {}", name, i));
            return std::vector<double>(from, from + n);
        };
        Values out{take("value", b.value), {}, {}, {}};
        for (std::size_t k = 0; k < dc.size(); ++k)
            out.d_coefficient.push_back(take(fmt::format("d_coefficient [{}]", k), dc[k]));
        for (std::size_t k = 0; k < di.size(); ++k) out.d_input.push_back(take(fmt::format("d_input [{}]", k), di[k]));
        for (std::size_t k = 0; k < d2.size(); ++k)
            out.d2_input.push_back(take(fmt::format("d2_input [{}]", k), d2[k]));
        return out;
    }
    [[nodiscard]] mfm_transfer_batch batch_of(Arrays& arrays, const std::vector<std::vector<double>>& x,
                                              const std::vector<double>& c) const {
        mfm_transfer_batch b{};
        b.size = sizeof b;
        b.n = static_cast<std::uint32_t>(x[0].size());
        std::vector<const double*> list;
        for (std::size_t k = 0; k < x.size(); ++k)
            list.push_back(arrays.given(fmt::format("input '{}'", inputs[k]->name), x[k]));
        b.input = arrays.given("the list of inputs", list);
        b.lower = arrays.given("lower", lower);
        b.upper = arrays.given("upper", upper);
        b.coefficient = arrays.given("coefficient", c);
        return b;
    }
};

/// Coefficients near the guess, other ones for every variant.
std::vector<double> varied(const Basis& basis, unsigned variant) {
    std::vector<double> c = basis.start;
    for (std::size_t k = 0; k < c.size(); ++k)
        c[k] = std::clamp(c[k] + 1e-2 * std::max(std::abs(c[k]), 0.1) * (spread(k, 60 + variant) - 0.5),
                          basis.coefficients[k]->lower, basis.coefficients[k]->upper);
    return c;
}

Rig transfer_rig(const Subject& subject, const SettingValues& settings, Place place) {
    const auto basis = std::make_shared<const Basis>(subject, settings, place);
    return {[basis](Place where, unsigned variant) {
        Outputs out = basis->evaluate(basis->points(37, variant), varied(*basis, variant), 7, where).outputs();
        out.add("value alone", basis->evaluate(basis->points(37, variant), varied(*basis, variant), 0, where).value);
        if (variant < 2) out.add("guess", basis->guess(variant, where)); // it may take its time
        return out;
    }};
}

void check_shape(const Subject& subject) {
    const Basis basis(subject, subject.settings, Place::End);
    std::string names, strangers;
    for (const mfm_field* field : basis.inputs) {
        if (const auto fault = schema_fault(*field)) throw Failed("shape", "as an input, " + *fault);
        names += (names.empty() ? "" : ", ") + std::string(field->name);
        if (usual_range(field->name) == usual_range(""))
            strangers += (strangers.empty() ? "" : ", ") + std::string(field->name);
    }
    for (const mfm_field* field : basis.coefficients)
        if (const auto fault = schema_fault(*field)) throw Failed("shape", "as a coefficient, " + *fault);
    subject.report.pass("shape", fmt::format("inputs {}; {} coefficients, bounds with their initial value inside",
                                             names, basis.coefficients.size()));
    if (!strangers.empty())
        throw Failed(
            "shape",
            fmt::format("the host does not know how to make the input {}; abi.h lists those that it knows", strangers));
    if (!basis.coefficients.empty())
        subject.report.pass("guess", "finite and within the bounds of the coefficients, for made-up data");
}

void check_gradients_of(const Subject& subject) {
    const Basis basis(subject, subject.settings, Place::Heap);
    const Instance instance(subject.component, subject.settings);
    const auto x = basis.points(12, 3);
    double largest = 0;
    for (std::size_t i = 0; i < x[0].size(); ++i) {
        std::vector<double> point;
        for (const auto& axis : x) point.push_back(axis[i]);
        // A basis may have kinks (a spline that must rise has), and differences across one say nothing: at each point,
        // one of several sets of coefficients has to be free of them.
        GradientCheck best;
        double least = std::numeric_limits<double>::infinity();
        for (unsigned set = 0; set < 4 && !(least < 1e-5); ++set) {
            set_call("evaluate");
            const GradientCheck found = check_gradients(
                instance, point, varied(basis, 4 * static_cast<unsigned>(i) + set), basis.lower, basis.upper);
            if (!(found.largest() < least)) continue;
            least = found.largest();
            best = found;
        }
        if (!(least < 1e-5))
            throw Failed("derivatives", fmt::format("{} differs from differences of the values by {:.1e}, relatively",
                                                    best.worst.substr(0, best.worst.find(" at point")), least));
        largest = std::max(largest, least);
    }
    subject.report.pass(
        "derivatives",
        fmt::format("by coefficients, by inputs and twice by inputs as differences say, within {:.1e} at {} points",
                    largest, x[0].size()));
}

void check_transfer_batches(const Subject& subject) {
    const Basis basis(subject, subject.settings, Place::Heap);
    const auto x = basis.points(37);
    const Basis::Values whole = basis.evaluate(x, basis.start, 7, Place::Heap);
    const std::size_t D = basis.inputs.size();
    const auto part = [&](std::size_t first, std::size_t n) {
        std::vector<std::vector<double>> out;
        for (const auto& axis : x)
            out.emplace_back(axis.begin() + static_cast<std::ptrdiff_t>(first),
                             axis.begin() + static_cast<std::ptrdiff_t>(first + n));
        return basis.evaluate(out, basis.start, 7, Place::Heap);
    };
    for (const std::size_t size : {std::size_t{1}, std::size_t{10}})
        for (std::size_t first = 0; first < 37; first += size) {
            const std::size_t n = std::min<std::size_t>(size, 37 - first);
            const Basis::Values piece = part(first, n);
            const auto same = [&](const std::string& what, const std::vector<double>& a, const std::vector<double>& b) {
                for (std::size_t i = 0; i < n; ++i)
                    if (!same_bits(a[first + i], b[i]))
                        throw Failed("batch size",
                                     fmt::format("{} of a point is {} in a batch of 37 and {} in a batch of {}", what,
                                                 a[first + i], b[i], n));
            };
            same("value", whole.value, piece.value);
            for (std::size_t k = 0; k < basis.start.size(); ++k)
                same("d_coefficient", whole.d_coefficient[k], piece.d_coefficient[k]);
            for (std::size_t k = 0; k < D; ++k) same("d_input", whole.d_input[k], piece.d_input[k]);
            for (std::size_t k = 0; k < D * D; ++k) same("d2_input", whole.d2_input[k], piece.d2_input[k]);
        }
    for (unsigned which = 0; which < 7; ++which) {
        const Basis::Values less = basis.evaluate(x, basis.start, which, Place::Heap);
        const auto close = [&](const std::string& what, const std::vector<double>& a, const std::vector<double>& b) {
            for (std::size_t i = 0; i < 37; ++i)
                if (!(std::abs(a[i] - b[i]) <= 1e-9 * (std::abs(a[i]) + 1e-6)))
                    throw Failed(
                        "batch size",
                        fmt::format("{} is {} or {}, depending on which derivatives are asked for", what, a[i], b[i]));
        };
        close("value", whole.value, less.value);
        if ((which & 2) != 0)
            for (std::size_t k = 0; k < D; ++k) close("d_input", whole.d_input[k], less.d_input[k]);
        if ((which & 1) != 0)
            for (std::size_t k = 0; k < basis.start.size(); ++k)
                close("d_coefficient", whole.d_coefficient[k], less.d_coefficient[k]);
    }
    subject.report.pass(
        "batch size",
        "37 points at once, in pieces of 10 or one by one: the same bits; any derivatives may be left out");
    if (std::any_of(whole.value.begin(), whole.value.end(), [](double rate) { return rate < 0; }))
        subject.report.advice("values", "some rates are negative inside of the domain");
}

void check_transfer_nan(const Subject& subject) {
    const Basis basis(subject, subject.settings, Place::Heap);
    constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    const auto x = basis.points(9);
    const Basis::Values usual = basis.evaluate(x, basis.start, 7, Place::Heap);
    for (const double rate : usual.value)
        if (!std::isfinite(rate)) throw Failed("values", fmt::format("a rate inside of the domain is {}", rate));
    for (std::size_t k = 0; k < x.size(); ++k)
        for (const double value : {nan, infinity, -infinity, 0.0, 1e300, -1e300, 1e-310}) {
            auto odd = x;
            odd[k][4] = value;
            const Basis::Values after = basis.evaluate(odd, basis.start, 7, Place::Heap);
            for (std::size_t i = 0; i < 9; ++i)
                if (i != 4 && !same_bits(after.value[i], usual.value[i]))
                    throw Failed("NaN", fmt::format("{} as input '{}' of a point changes another point", value,
                                                    basis.inputs[k]->name));
            if (std::isnan(value) && !std::isnan(after.value[4]))
                throw Failed("NaN", fmt::format("NaN as input '{}' is masked: the rate is {}", basis.inputs[k]->name,
                                                after.value[4]));
        }
    for (std::size_t k = 0; k < basis.start.size(); ++k)
        for (const double value : {nan, infinity, 1e300}) {
            auto c = basis.start;
            c[k] = value;
            const Basis::Values after = basis.evaluate(x, c, 7, Place::Heap);
            // A spline's coefficient has a part in some of the points only.
            const bool matters = std::any_of(usual.d_coefficient[k].begin(), usual.d_coefficient[k].end(),
                                             [](double d) { return d != 0; });
            if (std::isnan(value) && matters &&
                std::none_of(after.value.begin(), after.value.end(), [](double rate) { return std::isnan(rate); }))
                throw Failed("NaN", fmt::format("NaN as coefficient '{}' is masked: no rate is NaN",
                                                basis.coefficients[k]->name));
        }
    subject.report.pass(
        "NaN", "NaN, infinite and huge inputs and coefficients: no crash, NaN gives NaN, other points keep their bits");
}

constexpr std::array groups{Group{"shape", &check_shape}, Group{"derivatives", &check_gradients_of},
                            Group{"batch size", &check_transfer_batches}, Group{"NaN", &check_transfer_nan}};

void transfer_costs(const Subject& subject, CostMeter& meter) {
    meter.measure("create, destroy", "", 1, [&] { const Live live(subject, subject.settings, Place::Heap); });
    const Basis basis(subject, subject.settings, Place::Heap);
    meter.measure("guess", "point", 60, [&] { (void)basis.guess(0, Place::Heap); });
    const auto x = basis.points(512);
    meter.measure("evaluate: values", "point", 512, [&] { (void)basis.evaluate(x, basis.start, 0, Place::Heap); });
    if (!basis.start.empty())
        meter.measure("evaluate: by coefficient", "point", 512,
                      [&] { (void)basis.evaluate(x, basis.start, 1, Place::Heap); });
    meter.measure("evaluate: by input", "point", 512, [&] { (void)basis.evaluate(x, basis.start, 2, Place::Heap); });
    meter.measure("evaluate: twice by input", "point", 512,
                  [&] { (void)basis.evaluate(x, basis.start, 6, Place::Heap); });
}

} // namespace

const Kind transfer_kind{MFM_TRANSFER_ID, "transfer basis", &transfer_rig, groups, &transfer_costs, false};

} // namespace mfm::check
