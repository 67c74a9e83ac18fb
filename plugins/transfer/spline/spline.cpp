// SPDX-License-Identifier: Apache-2.0
#include <mfm/root_conductance.hpp>

#include <Eigen/Dense>

#include "mfm_page.h"

namespace {

/// Cubic B-splines in the root conductance u, which is 0 without input and 1 at the end of the domain; knots at equal
/// distances from 0 to a little beyond, ends clamped.
class RootAxis {
public:
    explicit RootAxis(std::int64_t intervals) : intervals_(static_cast<std::size_t>(intervals)) {
        for (std::size_t k = 0; k < intervals_ + 7; ++k)
            knots_.push_back(top * static_cast<double>(std::clamp<std::size_t>(k, 3, intervals_ + 3) - 3) /
                             static_cast<double>(intervals_));
    }
    [[nodiscard]] std::size_t size() const { return intervals_ + 3; }

    /// The four B-splines that are not 0 at conductance G, and the index of the first (de Boor 1978, chapter X).
    template <class X> [[nodiscard]] std::array<X, 4> at(const X& G, double high, std::size_t& first) const {
        const X u = drawn_in(mfm::root_conductance(G, 0.0, high) * 0.5 + 0.5);
        const double place = mfm::plain(u) / top * static_cast<double>(intervals_);
        first = std::min(static_cast<std::size_t>(std::max(0.0, place)), intervals_ - 1);
        const double* const knot = &knots_[first + 3]; // knot[0] <= u <= knot[1]
        std::array<X, 4> b{X(1.0), X(0.0), X(0.0), X(0.0)};
        for (std::size_t degree = 1; degree <= 3; ++degree) {
            X carried(0.0);
            for (std::size_t k = 0; k < degree; ++k) {
                const double left = *(knot + k + 1 - degree), right = knot[k + 1];
                const X part = b[k] * (1.0 / (right - left));
                b[k] = carried + (right - u) * part;
                carried = (u - left) * part;
            }
            b[degree] = carried;
        }
        return b;
    }

private:
    static constexpr double reach = 0.2, top = 1.0 + reach;
    /// u up to 1, and within another `reach` beyond, with a continuous second derivative.
    template <class X> static X drawn_in(const X& u) {
        using std::tanh;
        return mfm::plain(u) > 1.0 ? 1.0 + reach * tanh((u - 1.0) * (1.0 / reach)) : u;
    }
    std::size_t intervals_;
    std::vector<double> knots_;
};

struct Spline {
    static constexpr auto id = "spline", version = "1.0.0",
                          summary = "monotone tensor-product spline in the roots of the summed conductances",
                          citation = "de Boor 1978, A Practical Guide to Splines, doi:10.1007/978-1-4612-6333-3";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::int64_t intervals_e, intervals_i;
        double t_ref;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::intervals_e, "intervals_e", "1", 6., 1., 12., "between the knots of excitation"},
                mfm::Field{&S::intervals_i, "intervals_i", "1", 5., 1., 12., "between the knots of inhibition"},
                mfm::Field{&S::t_ref, "t_ref", "ms", 2., 0., 1e3, "refractory period"}.role(MFM_ROLE_REFRACTORY)};
        }
    };
    explicit Spline(const Settings& s) : e_(s.intervals_e), i_(s.intervals_i), dead_(1e-3 * s.t_ref) {}

    [[nodiscard]] std::vector<mfm::Axis> inputs() const { return mfm::conductance_axes(); }
    [[nodiscard]] std::vector<mfm::Coefficient> coefficients() const {
        std::vector<mfm::Coefficient> out;
        for (std::size_t e = 0; e < e_.size(); ++e)
            for (std::size_t i = 0; i < i_.size(); ++i)
                out.push_back({"h_" + std::to_string(e) + "_" + std::to_string(i), "Hz",
                               "height at this B-spline of excitation, and of inhibition from the strongest down",
                               10.0 * static_cast<double>(e + i)});
        out.push_back(mfm::softness());
        return out;
    }

    /// Heights that rise with excitation and fall with inhibition: each at least that of its neighbours with less
    /// drive.  The softness stays behind them.
    template <class C> [[nodiscard]] std::vector<C> prepare(const C* c) const {
        using std::max;
        std::vector<C> h(c, c + heights() + 1);
        for (std::size_t k = 0; k < heights(); ++k)
            for (const std::size_t lower : neighbours(k)) h[k] = max(h[k], h[lower]);
        return h;
    }
    template <class X, class C> [[nodiscard]] auto rate(const X* G, const C* h, const mfm::Domain& domain) const {
        const Patch<X> at = patch(G, domain);
        auto p = at.e[0] * at.i[0] * h[at.index[0]];
        for (std::size_t k = 1; k < 16; ++k) p = p + at.e[k / 4] * at.i[k % 4] * h[at.index[k]];
        return mfm::softplus_rate(p, h[heights()], dead_);
    }

    /// The monotone spline with the least weighted error: a linear problem once the rates are inverted, then
    /// Gauss-Newton steps.
    [[nodiscard]] std::vector<double> guess(const mfm::TransferData& data) const {
        const std::size_t n = data.size();
        const auto point = [&](std::size_t k) { return std::array{data.input[0][k], data.input[1][k]}; };
        Matrix design = Matrix::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(heights()));
        for (std::size_t k = 0; k < n; ++k) {
            const Patch<double> at = patch(point(k).data(), data.domain);
            for (std::size_t b = 0; b < 16; ++b)
                design(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(at.index[b])) =
                    at.e[b / 4] * at.i[b % 4];
        }
        const MonotoneFit fit{*this, design};
        std::vector<double> c = mfm::softplus_start(
            data, dead_,
            [&](const std::vector<double>& target, const std::vector<double>& weight) { return fit(target, weight); },
            [&](std::size_t k, const std::vector<double>& at) {
                return rate(point(k).data(), at.data(), data.domain);
            });
        const double s = c.back();
        for (int step = 0; step < 4; ++step) {
            const Eigen::VectorXd p =
                design * Eigen::Map<const Eigen::VectorXd>(c.data(), static_cast<Eigen::Index>(heights()));
            std::vector<double> target(n), weight(n);
            for (std::size_t k = 0; k < n; ++k) {
                const double here = p(static_cast<Eigen::Index>(k));
                const auto F = mfm::softplus_rate(mfm::variable<1>(here, 0), s, dead_);
                const double slope = std::max(F.d[0], 1e-3); // a silent point says no more than that it is silent
                target[k] = here + (data.rate[k] - F.value) / slope;
                weight[k] = data.weight[k] * slope * slope;
            }
            c = fit(target, weight);
            c.push_back(s);
        }
        // Heights that rest on their neighbours are moved out of the way, so that they rise and fall with these.
        const std::vector<double> h = c;
        for (std::size_t k = 0; k < heights(); ++k)
            for (const std::size_t lower : neighbours(k))
                if (h[k] < h[lower] + 1e-3 * s) c[k] = std::min(c[k], h[lower] - 3.0 * s);
        return c;
    }

private:
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

    [[nodiscard]] std::size_t heights() const { return e_.size() * i_.size(); }
    /// Those of one step less excitation and one step more inhibition, where there are any.
    [[nodiscard]] std::vector<std::size_t> neighbours(std::size_t k) const {
        std::vector<std::size_t> out;
        if (k >= i_.size()) out.push_back(k - i_.size());
        if (k % i_.size() > 0) out.push_back(k - 1);
        return out;
    }
    /// The B-splines at a point, and the heights that belong to their products: those of e[k / 4] i[k % 4].
    template <class X> struct Patch {
        std::array<X, 4> e, i;
        std::array<std::size_t, 16> index;
    };
    template <class X> [[nodiscard]] Patch<X> patch(const X* G, const mfm::Domain& domain) const {
        if (domain.upper.empty()) throw std::runtime_error("a spline needs the domain of its inputs");
        std::size_t e = 0, i = 0;
        Patch<X> out{e_.at(G[0], domain.upper[0], e), i_.at(G[1], domain.upper[1], i), {}};
        for (std::size_t k = 0; k < 16; ++k) out.index[k] = (e + k / 4) * i_.size() + (i_.size() - 1 - i - k % 4);
        return out;
    }

    /// Monotone heights h that minimise sum of weight (design h - target)^2, with a light weight on their second
    /// differences for those that no point sees.  Alternating direction method of multipliers (Boyd et al. 2011,
    /// doi:10.1561/2200000016, section 5.2): the heights and their rises z >= 0 in turn, u their summed disagreement.
    struct MonotoneFit {
        const Spline& spline;
        const Matrix& design;

        [[nodiscard]] std::vector<double> operator()(const std::vector<double>& target,
                                                     const std::vector<double>& weight) const {
            const Eigen::Index n = design.cols();
            const Eigen::Map<const Eigen::VectorXd> b(target.data(), design.rows()), w(weight.data(), design.rows());
            const Matrix rise = rises(), bend = bends();
            const Matrix A = design.transpose() * w.asDiagonal() * design + 1e-6 * w.mean() * bend.transpose() * bend;
            const Eigen::VectorXd Ab = design.transpose() * w.asDiagonal() * b;
            const Matrix R = rise.transpose() * rise;
            const double rho = 0.1 * A.trace() / R.trace();
            const Matrix inverse = Eigen::LDLT<Matrix>(A + rho * R).solve(Matrix::Identity(n, n));
            // h = constant + onto (z - u)
            const Eigen::VectorXd constant = inverse * Ab;
            const Matrix onto = rho * inverse * rise.transpose(), risen = rise * onto;
            const Eigen::VectorXd at_rest = rise * constant;
            Eigen::VectorXd z = at_rest.cwiseMax(0.0), u = Eigen::VectorXd::Zero(z.size());
            for (int k = 0; k < 2000; ++k) {
                u += at_rest + risen * (z - u);
                z = u.cwiseMax(0.0);
                u -= z;
            }
            const Eigen::VectorXd h = constant + onto * (z - u);
            std::vector<double> out(h.data(), h.data() + n);
            out.push_back(0.0);
            out = spline.prepare(out.data()); // what is left of falls
            out.pop_back();
            return out;
        }
        /// Rows of differences between heights and their neighbours.
        [[nodiscard]] Matrix rises() const {
            std::vector<std::vector<std::pair<std::size_t, double>>> rows;
            for (std::size_t k = 0; k < spline.heights(); ++k)
                for (const std::size_t lower : spline.neighbours(k)) rows.push_back({{lower, -1.0}, {k, 1.0}});
            return dense(rows);
        }
        [[nodiscard]] Matrix bends() const {
            std::vector<std::vector<std::pair<std::size_t, double>>> rows;
            for (std::size_t k = 0; k < spline.heights(); ++k)
                for (const std::size_t lower : spline.neighbours(k)) {
                    const std::size_t step = k - lower;
                    const auto before = spline.neighbours(lower);
                    if (std::find(before.begin(), before.end(), lower - step) != before.end())
                        rows.push_back({{lower - step, 1.0}, {lower, -2.0}, {k, 1.0}});
                }
            return dense(rows);
        }
        [[nodiscard]] Matrix dense(const std::vector<std::vector<std::pair<std::size_t, double>>>& rows) const {
            Matrix out =
                Matrix::Zero(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(spline.heights()));
            for (std::size_t r = 0; r < rows.size(); ++r)
                for (const auto& [k, x] : rows[r]) out(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(k)) = x;
            return out;
        }
    };

    RootAxis e_, i_;
    double dead_; // s
};

} // namespace

MFM_PLUGIN("automfm", mfm::Transfer<Spline>);
