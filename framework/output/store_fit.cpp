// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {
namespace {

struct FitNumber {
    const char* name;
    const char* unit;
    double TransferFit::*member;
};
constexpr FitNumber fit_numbers[] = {
    {"G_e_lower", "nS", &TransferFit::G_e_lower},
    {"G_e_upper", "nS", &TransferFit::G_e_upper},
    {"G_i_lower", "nS", &TransferFit::G_i_lower},
    {"G_i_upper", "nS", &TransferFit::G_i_upper},
    {"cost", "1", &TransferFit::cost},
    {"rmse_hz", "Hz", &TransferFit::rmse_hz},
    {"largest_rate_hz", "Hz", &TransferFit::largest_rate_hz},
};
/// No value or one.
struct FitOptional {
    const char* name;
    const char* unit;
    std::optional<double> TransferFit::*member;
};
constexpr FitOptional fit_optionals[] = {
    {"cross_validated_error", "1", &TransferFit::cross_validated_error},
    {"cross_validated_rmse_hz", "Hz", &TransferFit::cross_validated_rmse_hz},
    {"heldout_rmse_hz", "Hz", &TransferFit::heldout_rmse_hz},
    {"heldout_median_relative_error", "1", &TransferFit::heldout_median_relative_error},
};
struct FitCount {
    const char* name;
    std::size_t TransferFit::*member;
};
constexpr FitCount fit_counts[] = {
    {"candidate", &TransferFit::candidate},
    {"points", &TransferFit::points},
    {"heldout_points", &TransferFit::heldout_points},
    {"relative_points", &TransferFit::relative_points},
    {"undefined_points", &TransferFit::undefined_points},
    {"heldout_undefined", &TransferFit::heldout_undefined},
};
struct FitInteger {
    const char* name;
    std::uint32_t TransferFit::*member;
};
constexpr FitInteger fit_integers[] = {
    {"outcome", &TransferFit::outcome},
    {"iterations", &TransferFit::iterations},
    {"evaluations", &TransferFit::evaluations},
    {"starts", &TransferFit::starts},
    {"agreeing_starts", &TransferFit::agreeing_starts},
};
/// Of each candidate; NaN for no value.
struct ScoreNumber {
    const char* name;
    const char* unit;
    std::optional<double> BasisScore::*member;
};
constexpr ScoreNumber score_numbers[] = {
    {"cross_validated_error", "1", &BasisScore::cross_validated_error},
    {"cross_validated_rmse_hz", "Hz", &BasisScore::cross_validated_rmse_hz},
    {"heldout_rmse_hz", "Hz", &BasisScore::heldout_rmse_hz},
    {"heldout_median_relative_error", "1", &BasisScore::heldout_median_relative_error},
};
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

void save_scores(Hdf5Writer& out, const std::string& at, const std::vector<BasisScore>& scores) {
    out.write(at + "/basis", column<std::string>(scores, [](const auto& s) { return s.basis; }));
    out.write(at + "/reason", column<std::string>(scores, [](const auto& s) { return s.reason; }));
    out.write(at + "/coefficients", column<std::uint64_t>(scores, [](const auto& s) { return s.coefficients; }), "1");
    out.write(at + "/undefined_points", column<std::uint64_t>(scores, [](const auto& s) { return s.undefined_points; }),
              "1");
    for (const auto& number : score_numbers)
        out.write(at + "/" + number.name,
                  column<double>(scores, [&](const auto& s) { return (s.*number.member).value_or(nothing); }),
                  number.unit);
}
std::vector<BasisScore> load_scores(const Hdf5Reader& in, const std::filesystem::path& file, const std::string& at) {
    const auto bases = in.texts(at + "/basis"), reasons = in.texts(at + "/reason");
    const auto coefficients = in.read<std::uint64_t>(at + "/coefficients"),
               undefined = in.read<std::uint64_t>(at + "/undefined_points");
    for (const std::size_t n : {reasons.size(), coefficients.size(), undefined.size()})
        expect_length(file, at, n, bases.size());
    std::vector<BasisScore> scores(bases.size());
    for (std::size_t i = 0; i < scores.size(); ++i)
        scores[i] = {bases[i], reasons[i], coefficients[i], undefined[i], {}, {}, {}, {}};
    for (const auto& number : score_numbers) {
        const auto values = in.read<double>(at + "/" + number.name);
        expect_length(file, at + "/" + number.name, values.size(), scores.size());
        for (std::size_t i = 0; i < scores.size(); ++i)
            if (!std::isnan(values[i])) scores[i].*number.member = values[i];
    }
    return scores;
}

} // namespace

void save_transfer_fits(const std::filesystem::path& file, std::span<const TransferFit> fits, const std::string& hash) {
    Hdf5Writer out(stamp_of("fit", hash));
    out.write("/population_names", column<std::string>(fits, [](const auto& f) { return f.population; }));
    out.group("/fits");
    for (const auto& f : fits) {
        const std::string at = "/fits/" + link_name(f.population);
        const std::size_t n = f.value.size();
        out.group(at);
        out.attribute(at, "basis", f.basis);
        out.attribute(at, "message", f.message);
        out.attribute(at, "given", std::uint64_t{f.given});
        out.write(at + "/adaptation",
                  f.adaptation ? std::vector{f.adaptation->per_hz, f.adaptation->per_mV, f.adaptation->offset}
                               : std::vector<double>{},
                  "pA/Hz, nS, pA");
        for (const auto& i : fit_integers) out.attribute(at, i.name, std::uint64_t{f.*i.member});
        for (const auto& c : fit_counts) out.attribute(at, c.name, std::uint64_t{f.*c.member});
        out.write(at + "/input_names", f.inputs);
        out.write(at + "/input_units", f.input_units);
        out.write(at + "/coefficient_names", f.coefficients);
        out.write(at + "/coefficient_units", f.units);
        out.write(at + "/value", f.value, "as in coefficient_units");
        const bool square = f.covariance.size() == n * n;
        out.write(at + "/covariance", f.covariance, "products of coefficient_units",
                  square ? std::vector<std::size_t>{n, n} : std::vector<std::size_t>{});
        out.write(at + "/lower", f.lower, "of each input");
        out.write(at + "/upper", f.upper, "of each input");
        for (const auto& number : fit_numbers)
            out.write(at + "/" + number.name, std::vector{f.*number.member}, number.unit);
        for (const auto& optional : fit_optionals) {
            const auto& value = f.*optional.member;
            out.write(at + "/" + optional.name, value ? std::vector{*value} : std::vector<double>{}, optional.unit);
        }
        out.write(at + "/fitted_hz", column<double>(f.fitted_hz, [](const auto& x) { return x.value_or(0.0); }), "Hz");
        out.write(at + "/fitted", column<std::uint8_t>(f.fitted_hz, [](const auto& x) { return x.has_value(); }), "1");
        const std::string current = at + "/current";
        out.write(current + "/dI", std::vector{f.current.dI}, "pA");
        out.write(current + "/plus", f.current.plus, "as in coefficient_units");
        out.write(current + "/minus", f.current.minus, "as in coefficient_units");
        out.write(current + "/rmse_hz", std::vector{f.current.rmse_hz}, "Hz");
        out.attribute(current, "points", std::uint64_t{f.current.points});
        save_scores(out, at + "/compared", f.compared);
    }
    out.save(file);
}

std::vector<TransferFit> load_transfer_fits(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "fit", hash);
    std::vector<TransferFit> fits;
    for (const auto& name : in.texts("/population_names")) {
        const std::string at = "/fits/" + link_name(name);
        const auto one = [&](const std::string& path) {
            const auto value = in.read<double>(path);
            expect_length(file, path, value.size(), 1);
            return value[0];
        };
        TransferFit f;
        f.population = name;
        f.basis = in.text(at, "basis");
        f.message = in.text(at, "message");
        f.given = in.integer(at, "given") != 0;
        if (const auto w = in.read<double>(at + "/adaptation"); !w.empty()) {
            expect_length(file, "adaptation", w.size(), 3);
            f.adaptation = {w[0], w[1], w[2]};
        }
        for (const auto& i : fit_integers) f.*i.member = static_cast<std::uint32_t>(in.integer(at, i.name));
        for (const auto& c : fit_counts) f.*c.member = in.integer(at, c.name);
        f.inputs = in.texts(at + "/input_names");
        f.input_units = in.texts(at + "/input_units");
        f.coefficients = in.texts(at + "/coefficient_names");
        f.units = in.texts(at + "/coefficient_units");
        f.value = in.read<double>(at + "/value");
        f.covariance = in.read<double>(at + "/covariance");
        f.lower = in.read<double>(at + "/lower");
        f.upper = in.read<double>(at + "/upper");
        for (const auto& number : fit_numbers) f.*number.member = one(at + "/" + number.name);
        for (const auto& optional : fit_optionals) {
            const auto value = in.read<double>(at + "/" + optional.name);
            if (value.empty()) continue;
            expect_length(file, optional.name, value.size(), 1);
            f.*optional.member = value[0];
        }
        const auto fitted_hz = in.read<double>(at + "/fitted_hz");
        const auto fitted = in.read<std::uint8_t>(at + "/fitted");
        expect_length(file, "the fitted rates of " + name, fitted.size(), fitted_hz.size());
        for (std::size_t i = 0; i < fitted.size(); ++i)
            f.fitted_hz.push_back(fitted[i] != 0 ? std::optional(fitted_hz[i]) : std::nullopt);
        const std::string current = at + "/current";
        f.current.dI = one(current + "/dI");
        f.current.plus = in.read<double>(current + "/plus");
        f.current.minus = in.read<double>(current + "/minus");
        f.current.rmse_hz = one(current + "/rmse_hz");
        f.current.points = in.integer(current, "points");
        f.compared = load_scores(in, file, at + "/compared");
        if (!f.coefficients.empty())
            expect_length(file, "the coefficients of " + name, f.value.size(), f.coefficients.size());
        fits.push_back(std::move(f));
    }
    return fits;
}

} // namespace mfm
