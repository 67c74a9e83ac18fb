// SPDX-License-Identifier: Apache-2.0
#include "transfer/adaptive.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace mfm {
namespace {

constexpr std::size_t batch = 8, fewest_candidates = 256;
constexpr double shares_differ = 0.02; // of an axis: pathways that make it up in other proportions

/// A place of the working range, and the point there.
struct Site {
    WorkingRange::Place place;
    TransferPoint point;
};

/// The surrogate's coordinates: roots of the summed conductances, 0 .. 1 over the candidates.
class Coordinates {
public:
    explicit Coordinates(const std::vector<Site>& sites) {
        for (const Site& s : sites)
            for (std::size_t k = 0; k < 2; ++k) {
                const double u = std::sqrt(k == 0 ? s.point.G_e : s.point.G_i);
                lower_[k] = std::min(lower_[k], u);
                upper_[k] = std::max(upper_[k], u);
            }
    }
    [[nodiscard]] Surrogate::Place operator()(const TransferPoint& p) const {
        Surrogate::Place out{0.5, 0.5};
        for (std::size_t k = 0; k < 2; ++k)
            if (upper_[k] > lower_[k])
                out[k] = (std::sqrt(k == 0 ? p.G_e : p.G_i) - lower_[k]) / (upper_[k] - lower_[k]);
        return out;
    }

private:
    double lower_[2] = {infinity, infinity}, upper_[2] = {0, 0};
    static constexpr double infinity = std::numeric_limits<double>::infinity();
};

std::vector<Site> candidate_sites(const TransferConfig& t, const WorkingRange& range, const PointSampler& sampler) {
    std::vector<Site> out;
    // Beyond the places that held-out points and those with a current take (sample.cpp), so that those stay unseen.
    const std::uint64_t first = 4ull * t.points + t.heldout_points + 64;
    for (std::uint64_t i = 1; i <= std::max<std::size_t>(fewest_candidates, 2ull * t.points); ++i) {
        const auto place = range.place(first + i);
        out.push_back({place, sampler.point(range.rates(place), 0, TransferPoint::Use::Working)});
    }
    return out;
}

Surrogate::Value value_of(const TransferPoint& p, const Tolerance& tolerance, const Coordinates& coordinates) {
    const double sd = p.se_hz / tolerance.at(p.rate_hz);
    return {coordinates(p), tolerance.scaled(p.rate_hz), sd * sd};
}

double square_distance(const Surrogate::Place& a, const Surrogate::Place& b, const Surrogate::Parameters& p) {
    double sum = 0;
    for (std::size_t k = 0; k < 2; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]) / (p.length[k] * p.length[k]);
    return sum;
}

/// How much larger the squares of left-out residuals near places are than they should be (two that are as they should
/// count along): what the surrogate's own variance has to be multiplied with.
std::vector<double> excess_squares(const Surrogate& surrogate, const std::vector<Surrogate::Place>& places) {
    const auto left_out = surrogate.left_out();
    std::vector<double> out;
    for (const Surrogate::Place& place : places) {
        double sum = 2, weight = 2;
        for (std::size_t i = 0; i < left_out.size(); ++i) {
            const double w = std::exp(-2 * square_distance(place, surrogate.values()[i].at, surrogate.parameters()));
            sum += w * left_out[i].residual * left_out[i].residual / left_out[i].variance;
            weight += w;
        }
        out.push_back(sum / weight);
    }
    return out;
}
/// The error that is expected to be exceeded in a twentieth of these places.
double expected_error_over(const Surrogate& surrogate, const std::vector<Surrogate::Place>& places) {
    std::vector<double> square = excess_squares(surrogate, places);
    for (std::size_t i = 0; i < places.size(); ++i) square[i] *= surrogate.at(places[i]).variance;
    const auto most = square.begin() + static_cast<std::ptrdiff_t>(0.95 * static_cast<double>(square.size()));
    std::nth_element(square.begin(), most, square.end());
    return std::sqrt(*most);
}

/// Adds another measurement of the same point.
void combine(TransferPoint& p, const TransferPoint& more) {
    const double a = p.seconds, b = more.seconds, sum = a + b;
    const bool silent = p.rate_hz == 0 && more.rate_hz == 0;
    p.se_hz = silent ? 1 / sum : std::hypot(a * p.se_hz, b * more.se_hz) / sum;
    p.rate_hz = (a * p.rate_hz + b * more.rate_hz) / sum;
    p.cv_isi = (a * p.cv_isi + b * more.cv_isi) / sum;
    p.mean_adaptation = (a * p.mean_adaptation + b * more.mean_adaptation) / sum;
    p.seconds = sum;
}

/// The points so far, and how they are chosen and measured.
class Rounds {
public:
    Rounds(const TransferConfig& t, double seconds, const WorkingRange& range, const PointSampler& sampler,
           Progress& progress)
        : seconds_(seconds), most_(adaptive_count(t, seconds)), tolerance_(t), sampler_(sampler), progress_(progress),
          open_(candidate_sites(t, range, sampler)), coordinates_(open_) {
        for (const Site& s : open_) targets_.push_back(coordinates_(s.point));
    }

    [[nodiscard]] const std::vector<Site>& sites() const { return sites_; }
    [[nodiscard]] const std::vector<Surrogate::Place>& targets() const { return targets_; }
    [[nodiscard]] std::size_t measurements() const { return measurements_; }
    [[nodiscard]] bool may_measure(std::size_t n) const { return measurements_ + n <= most_; }

    /// Measures new sites, and these old ones again.
    void measure(std::vector<Site> fresh, const std::vector<std::size_t>& again = {}) {
        const std::size_t old = sites_.size();
        std::vector<TransferPoint> more;
        for (const std::size_t i : again) more.push_back(sites_[i].point);
        for (Site& s : fresh) sites_.push_back(std::move(s));
        tbb::parallel_for(std::size_t{0}, again.size() + sites_.size() - old, [&](std::size_t i) {
            throw_if_interrupted();
            const bool once_more = i < again.size();
            const Site& site = sites_[once_more ? again[i] : old + i - again.size()];
            TransferPoint& point = once_more ? more[i] : sites_[old + i - again.size()].point;
            sampler_.measure_point(point, site.place.position, measurements_ + i, seconds_);
            progress_.advance();
        });
        measurements_ += again.size() + sites_.size() - old;
        if (old == 0) counted_ = sites_.front().point.seconds;
        for (std::size_t i = 0; i < again.size(); ++i) combine(sites_[again[i]].point, more[i]);
    }
    /// The candidate next in the sequence.
    [[nodiscard]] Site take_next() { return take(0); }
    [[nodiscard]] Surrogate surrogate() const {
        std::vector<Surrogate::Value> values;
        for (const Site& s : sites_) values.push_back(value_of(s.point, tolerance_, coordinates_));
        return Surrogate(std::move(values));
    }
    [[nodiscard]] double expected_error(const Surrogate& surrogate) const {
        return expected_error_over(surrogate, targets_);
    }
    /// The measurements, one after the other, that lower the sum of expected squares over the range most (active
    /// learning after Cohn 1996), given how noisy points nearby are.
    void next_round(const Surrogate& surrogate) {
        std::vector<Surrogate::Place> places;
        for (const Site& s : open_) places.push_back(coordinates_(s.point));
        auto [T, G] = surrogate.posterior(targets_, places);
        const Eigen::VectorXd noise = expected_noise(surrogate, places);
        const std::vector<double> excess = excess_squares(surrogate, targets_);
        const Eigen::Map<const Eigen::VectorXd> importance(excess.data(), static_cast<Eigen::Index>(excess.size()));
        std::vector<std::size_t> chosen, again;
        for (std::size_t k = 0; k < batch; ++k) {
            Eigen::Index best = -1;
            double most = -1;
            for (Eigen::Index j = 0; j < G.cols(); ++j) {
                const auto is = static_cast<std::size_t>(j);
                if (std::find(chosen.begin(), chosen.end(), is) != chosen.end()) continue;
                const double gain = importance.dot(T.col(j).cwiseAbs2()) / (G(j, j) + noise(j));
                if (gain > most) {
                    most = gain;
                    best = j;
                }
            }
            if (best < 0) break;
            chosen.push_back(static_cast<std::size_t>(best));
            const double variance = G(best, best) + noise(best);
            const Eigen::VectorXd t = T.col(best), g = G.col(best);
            T -= t * g.transpose() / variance;
            G -= g * g.transpose() / variance;
        }
        std::sort(chosen.begin(), chosen.end());
        std::vector<Site> fresh;
        for (std::size_t k = chosen.size(); k-- > 0;) // from the last, as taking moves those behind
            if (chosen[k] < places.size())
                fresh.push_back(take(chosen[k]));
            else
                again.push_back(chosen[k] - places.size());
        measure(std::move(fresh), again);
    }

private:
    Site take(std::size_t i) {
        Site out = std::move(open_[i]);
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
        return out;
    }
    /// Variance of one more measurement: at values, from their own so far; elsewhere, from those nearby.
    [[nodiscard]] Eigen::VectorXd expected_noise(const Surrogate& surrogate,
                                                 const std::vector<Surrogate::Place>& places) const {
        Eigen::VectorXd out(static_cast<Eigen::Index>(places.size() + sites_.size()));
        const auto own = [&](std::size_t i) {
            return surrogate.values()[i].variance * sites_[i].point.seconds / counted_;
        };
        for (std::size_t j = 0; j < places.size(); ++j) {
            double sum = 0, weight = 0;
            for (std::size_t i = 0; i < sites_.size(); ++i) {
                const double d = square_distance(places[j], surrogate.values()[i].at, surrogate.parameters());
                const double w = 1 / (d + 1e-3);
                sum += w * w * own(i);
                weight += w * w;
            }
            out(static_cast<Eigen::Index>(j)) = sum / weight;
        }
        for (std::size_t i = 0; i < sites_.size(); ++i) out(static_cast<Eigen::Index>(places.size() + i)) = own(i);
        return out;
    }

    double seconds_;     ///< of a measurement, asked for
    double counted_ = 0; ///< and given
    std::size_t most_;   ///< measurements
    Tolerance tolerance_;
    const PointSampler& sampler_;
    Progress& progress_;
    std::vector<Site> open_, sites_; ///< not measured; measured
    Coordinates coordinates_;
    std::vector<Surrogate::Place> targets_;
    std::size_t measurements_ = 0;
};

/// Pathways' shares of their axes at two points: the largest difference, and whose it is.
std::pair<double, std::size_t> share_difference(const PointSampler& sampler, const TransferPoint& a,
                                                const TransferPoint& b) {
    std::pair<double, std::size_t> out{0, 0};
    for (std::size_t s = 0; s < a.nu.size(); ++s) {
        const bool e = sampler.excitatory(s);
        const double in_a = e ? a.G_e : a.G_i, in_b = e ? b.G_e : b.G_i;
        if (!(in_a > 0 && in_b > 0)) continue;
        const double difference = std::abs(sampler.unit(s) * (a.nu[s] / in_a - b.nu[s] / in_b));
        if (difference > out.first) out = {difference, s};
    }
    return out;
}

/// Two places of the path, scaled to the geometric mean of their conductances; nothing where the range is too narrow
/// for that, or where pathways have the same shares in both.
std::optional<std::array<Site, 2>> share_pair(const WorkingRange& range, const PointSampler& sampler, double first,
                                              double second) {
    const auto site = [&](WorkingRange::Place place) {
        return Site{place, sampler.point(range.rates(place), 0, TransferPoint::Use::Working)};
    };
    const Site a = site({first, 1, 1}), b = site({second, 1, 1});
    const auto factor = [](double of_a, double of_b) {
        return of_a > 0 && of_b > 0 ? std::sqrt(of_b / of_a) : of_a == of_b ? 1.0 : 0.0;
    };
    const double e = factor(a.point.G_e, b.point.G_e), h = factor(a.point.G_i, b.point.G_i);
    for (const double f : {e, h})
        if (!(f > 0 && std::min(f, 1 / f) >= range.low() && std::max(f, 1 / f) <= range.high())) return std::nullopt;
    std::array<Site, 2> out{site({first, e, h}), site({second, 1 / e, 1 / h})};
    if (share_difference(sampler, out[0].point, out[1].point).first < shares_differ) return std::nullopt;
    return out;
}

/// What these points, which the surrogate is made of, leave open at places.
void summarise(const Surrogate& surrogate, const std::vector<const TransferPoint*>& points,
               const std::vector<Surrogate::Place>& places, const Tolerance& tolerance, SamplingSummary& out) {
    out.points = points.size();
    for (const TransferPoint* p : points) out.seconds += p->seconds;
    out.expected_error = expected_error_over(surrogate, places);
    const auto left_out = surrogate.left_out();
    const double scatter = surrogate.parameters().scatter * surrogate.parameters().scatter;
    for (std::size_t i = 0; i < left_out.size(); ++i) {
        // A corner of the range is beyond what all other points tell.
        if (left_out[i].variance - scatter - surrogate.values()[i].variance > 1) continue;
        if (std::abs(left_out[i].residual) <= out.left_out_error) continue;
        out.left_out_error = std::abs(left_out[i].residual);
        out.left_out_hz = left_out[i].residual * tolerance.at(points[i]->rate_hz);
        out.left_out_rate_hz = points[i]->rate_hz;
        out.left_out_G_e = points[i]->G_e;
        out.left_out_G_i = points[i]->G_i;
    }
}

} // namespace

double Tolerance::at(double rate_hz) const {
    return std::hypot(absolute_, relative_ * rate_hz);
}
double Tolerance::scaled(double rate_hz) const {
    return relative_ > 0 ? std::asinh(relative_ * rate_hz / absolute_) / relative_ : rate_hz / absolute_;
}

double adaptive_seconds(const TransferConfig& t, double adaptation_rate) {
    // Real cells are many, and each is counted for a least time: half would cost as much.
    if (t.cells == TransferConfig::Cells::Sampled) return t.seconds;
    const double settled = adaptation_rate > 0 ? 6e-3 / adaptation_rate * t.copies : 0.0;
    return std::clamp(settled, t.seconds / 2, t.seconds);
}
std::size_t adaptive_count(const TransferConfig& t, double seconds) {
    return static_cast<std::size_t>(std::floor(t.points * t.seconds / seconds * (1 + 1e-12)));
}

void sample_adaptively(const TransferConfig& t, double seconds, const WorkingRange& range, const PointSampler& sampler,
                       const Reduction& r, std::size_t fewest, TransferTable& table, Progress& progress) {
    Rounds rounds(t, seconds, range, sampler, progress);
    const std::size_t most = adaptive_count(t, seconds);
    std::vector<Site> start;
    const auto add = [&](WorkingRange::Place place, TransferPoint::Use use) {
        Site site{place, sampler.point(range.rates(place), 0, use)};
        for (const Site& s : start)
            if (s.point.nu == site.point.nu && s.place.position == place.position) return;
        start.push_back(std::move(site));
    };
    std::vector<std::size_t> pairs;
    constexpr double apart[][2] = {{0.25, 0.75}, {0, 0.5}, {0.5, 1}};
    for (const auto& two : apart)
        if (const auto pair = share_pair(range, sampler, two[0], two[1])) {
            pairs.push_back(start.size());
            start.insert(start.end(), pair->begin(), pair->end());
        }
    for (const double position : {0.0, 0.25, 0.5, 0.75, 1.0}) add({position, 1, 1}, TransferPoint::Use::Working);
    // The corners bound what the surrogate has to guess, but count in a fit as what they are: beyond nearly all of the
    // range.
    for (const double position : {0.0, 1.0})
        for (const double e : {range.low(), range.high()})
            for (const double h : {range.low(), range.high()}) add({position, e, h}, TransferPoint::Use::Wide);
    const std::size_t least = std::max(std::max<std::size_t>(fewest, 24), start.size());
    while (start.size() < std::min(least, most)) start.push_back(rounds.take_next());
    if (start.size() > most) { // a budget for less than the start
        start.resize(most);
        while (!pairs.empty() && pairs.back() + 1 >= start.size()) pairs.pop_back();
    }
    rounds.measure(std::move(start));

    SamplingSummary& summary = table.sampling;
    summary.end = SamplingSummary::End::Budget;
    for (;;) {
        const Surrogate surrogate = rounds.surrogate();
        if (rounds.expected_error(surrogate) <= 1) summary.end = SamplingSummary::End::Tolerance;
        if (summary.end == SamplingSummary::End::Tolerance || !rounds.may_measure(batch)) break;
        rounds.next_round(surrogate);
    }
    progress.skip(most - rounds.measurements()); // fewer than were allowed are enough
    summary.measurements = rounds.measurements();
    const Tolerance tolerance(t);
    std::vector<const TransferPoint*> points;
    for (const Site& s : rounds.sites()) points.push_back(&s.point);
    summarise(rounds.surrogate(), points, rounds.targets(), tolerance, summary);
    for (const std::size_t i : pairs) {
        const TransferPoint &a = rounds.sites()[i].point, &b = rounds.sites()[i + 1].point;
        const auto [share, s] = share_difference(sampler, a, b);
        summary.shares.push_back({a.G_e, a.G_i, share, r.pathways[sampler.pathways()[s]].name, a.rate_hz, b.rate_hz,
                                  std::hypot(a.se_hz, b.se_hz), tolerance.at(0.5 * (a.rate_hz + b.rate_hz))});
    }
    for (const Site& s : rounds.sites()) table.points.push_back(s.point);
}

void summarise_fixed(const TransferConfig& t, const WorkingRange& range, const PointSampler& sampler,
                     TransferTable& table) {
    const Tolerance tolerance(t);
    const std::vector<Site> sites = candidate_sites(t, range, sampler);
    const Coordinates coordinates(sites);
    std::vector<const TransferPoint*> points;
    std::vector<Surrogate::Value> values;
    for (const TransferPoint& p : table.points)
        if (p.use == TransferPoint::Use::Working) {
            values.push_back(value_of(p, tolerance, coordinates));
            points.push_back(&p);
        }
    if (values.empty()) return;
    std::vector<Surrogate::Place> places;
    for (const Site& s : sites) places.push_back(coordinates(s.point));
    table.sampling.end = SamplingSummary::End::Fixed;
    table.sampling.measurements = points.size();
    summarise(Surrogate(std::move(values)), points, places, tolerance, table.sampling);
}

} // namespace mfm
