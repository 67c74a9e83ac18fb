// SPDX-License-Identifier: Apache-2.0
#include "remap/moments.hpp"

#include <mfm/dual.hpp>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

#include "plugin/settings.hpp"

namespace mfm {
namespace {

constexpr double e = 2.718281828459045;

/// The one or two time constants of a receptor's conductance, ms; the second is 0 for an exponential and for a delta
/// pulse, which lasts half a step.
std::array<double, 2> stages(const mfm_receptor& r) {
    switch (r.shape) {
    case MFM_RECEPTOR_ALPHA:
        return {r.tau, r.tau};
    case MFM_RECEPTOR_BIEXPONENTIAL:
        return {r.tau, r.tau_rise};
    default:
        return {r.tau, 0.0};
    }
}
bool is_current(const mfm_receptor& r) {
    return (r.flags & MFM_RECEPTOR_CURRENT) != 0;
}

} // namespace

std::vector<InputPathway> input_pathways(const Reduction& r, std::size_t population, const PopulationConfig& config) {
    std::vector<InputPathway> out;
    for (const std::size_t s : r.pathways_into(population)) {
        const Pathway& w = r.pathways[s];
        out.push_back({w.name, w.port, w.receptor, w.Q, w.K, is_excitatory(w.receptor, w.Q, config)});
    }
    return out;
}

MembraneCell::MembraneCell(Instance made, std::vector<mfm_receptor> ports, const SourcePosition& where)
    : neuron(std::move(made)), receptors(std::move(ports)) {
    if (receptors.size() > MFM_MAX_PORTS)
        throw InputError(where,
                         "the cell has " + std::to_string(receptors.size()) + " receptors; at most 8 are possible");
    std::vector<const mfm_receptor*> pointers;
    for (const mfm_receptor& r : receptors) pointers.push_back(&r);
    mfm_error error = empty_error();
    check_status(
        neuron.table<mfm_neuron_v1>(MFM_NEURON_ID)
            .set_receptors(neuron.self(), static_cast<std::uint32_t>(receptors.size()), pointers.data(), &error),
        error, neuron.component(), "set_receptors", where);
}

std::shared_ptr<const MembraneCell> make_cell(const PopulationConfig& config) {
    if (!config.neuron) throw InputError(config.where, "population '" + config.name + "' has no neuron model");
    return std::make_shared<const MembraneCell>(
        Instance(*config.neuron->component, config.neuron->settings, config.neuron->where), config.receptors,
        config.where);
}

MomentKind moment_kind(std::string_view name) {
    if (name == "linearised") return MomentKind::Linearised;
    if (name == "shot_noise") return MomentKind::ShotNoise;
    if (name == "auto_mfm") return MomentKind::AutoMfm;
    throw InputError("there are no membrane moments called '" + std::string(name) +
                     "'; there are linearised, shot_noise and auto_mfm");
}

MembraneModel::MembraneModel(std::shared_ptr<const MembraneCell> cell, std::vector<InputPathway> pathways,
                             MomentKind kind)
    : cell_(std::move(cell)), table_(&cell_->neuron.table<mfm_neuron_v1>(MFM_NEURON_ID)),
      pathways_(std::move(pathways)), kind_(kind), ports_(cell_->receptors.size()) {
    const Instance& neuron = cell_->neuron;
    const std::string id = neuron.component().id();
    for (const SettingValue& v : neuron.settings()) settings_.push_back(v.real);
    const auto setting = [&](const char* role) { return neuron.setting_with_role(role); };
    const auto needed = [&](const char* role) {
        const int i = setting(role);
        if (i < 0)
            throw InputError("neuron '" + id + "' names no setting with the role '" + role +
                             "', which membrane moments need; use a transfer basis in conductance space");
        return settings_[static_cast<std::size_t>(i)];
    };
    C_m_ = needed(MFM_ROLE_CAPACITANCE);
    g_L_ = setting(MFM_ROLE_LEAK) >= 0 ? needed(MFM_ROLE_LEAK) : C_m_ / needed(MFM_ROLE_TAU_M);
    E_L_ = needed(MFM_ROLE_REST);
    current_ = setting(MFM_ROLE_CURRENT);
    I_e_ = current_ >= 0 ? settings_[static_cast<std::size_t>(current_)] : 0.0;
    V_low_ = E_L_;
    V_high_ = setting(MFM_ROLE_THRESHOLD) >= 0 ? needed(MFM_ROLE_THRESHOLD) : E_L_ + 20.0;
    for (const InputPathway& p : pathways_) {
        if (p.port >= ports_)
            throw InputError("pathway '" + p.name + "' ends at receptor " + std::to_string(p.port + 1) +
                             ", but the cell has " + std::to_string(ports_));
        if (!is_current(p.receptor)) V_low_ = std::min(V_low_, p.receptor.E_rev);
        if (kind_ == MomentKind::AutoMfm && (p.receptor.shape != MFM_RECEPTOR_ALPHA || is_current(p.receptor)))
            throw InputError("pathway '" + p.name +
                             "' is no alpha conductance: the moments of the published tool (auto_mfm) know "
                             "alpha synapses only; use moments = \"linearised\"");
    }
    V_low_ -= 10.0;
    if (kind_ != MomentKind::Linearised) return;

    const mfm_field* const* fields = nullptr;
    std::uint32_t n_dynamic = 0;
    mfm_error error = empty_error();
    check_status(table_->states(cell_->neuron.self(), &fields, &n_dynamic, &error), error, cell_->neuron.component(),
                 "states");
    n_ = n_dynamic;
    voltage_ = n_;
    for (std::size_t i = 0; i < n_; ++i) {
        rest_.push_back(fields[i]->initial);
        if (fields[i]->role != nullptr && std::string_view(fields[i]->role) == MFM_ROLE_VOLTAGE) voltage_ = i;
    }
    if (voltage_ == n_)
        throw InputError("neuron '" + id +
                         "' has no dynamic state with the role 'voltage', which linearised membrane moments need");

    // Many models are bilinear in state and conductance; then the Hessian is asked for once and third derivatives
    // vanish.
    const std::size_t columns = n_ + ports_;
    std::vector<double> x(rest_), g(std::max<std::size_t>(ports_, 1)), dx(n_), jacobian(n_ * columns),
        hessian(n_ * columns * columns);
    for (int k = 0; k < 8; ++k) {
        x[voltage_] = V_low_ - 40.0 + 20.0 * k;
        for (std::size_t i = 0; i < n_; ++i)
            if (i != voltage_) x[i] = rest_[i] + 10.0 * k * (static_cast<double>(i) + 1.0);
        for (std::size_t p = 0; p < ports_; ++p) g[p] = 0.5 * k * static_cast<double>(p + 1);
        equations(x.data(), g.data(), 0.0, dx.data(), jacobian.data(), hessian.data());
        if (k == 0) constant_hessian_ = hessian;
        if (hessian == constant_hessian_) continue;
        constant_hessian_.clear();
        break;
    }
}

void MembraneModel::equations(const double* x, const double* g, double I, double* dx, double* jacobian,
                              double* hessian) const {
    std::vector<double> shifted;
    if (I != 0.0) {
        shifted = settings_;
        shifted[static_cast<std::size_t>(current_)] += I;
    }
    const mfm_subthreshold q{
        sizeof(mfm_subthreshold), 0, x, g, I != 0.0 ? shifted.data() : nullptr, dx, jacobian, hessian};
    mfm_error error = empty_error();
    check_status(table_->subthreshold(cell_->neuron.self(), &q, &error), error, cell_->neuron.component(),
                 "subthreshold");
}

void MembraneModel::evaluate(std::span<const double> r, double I, int order, MembraneMoments& out,
                             bool by_current) const {
    const std::size_t S = pathways_.size(), variables = S + (by_current ? 1 : 0);
    if (r.size() != S)
        throw Error(ExitCode::PluginFailed, "membrane moments of " + std::to_string(S) + " pathways were asked for " +
                                                std::to_string(r.size()));
    if (I != 0.0 && current_ < 0)
        throw InputError("neuron '" + cell_->neuron.component().id() +
                         "' names no setting with the role 'constant_current', so it cannot be given a current");
    for (int m = 0; m < 4; ++m) {
        out.d[m].assign(order > 0 ? variables : 0, 0.0);
        out.d2[m].assign(order > 1 ? variables * variables : 0, 0.0);
    }
    out.defined = true;
    out.reason = {};
    if (by_current && kind_ == MomentKind::Linearised)
        throw InputError("linearised membrane moments are not differentiated by a current; use moments = "
                         "\"shot_noise\"");
    if (kind_ == MomentKind::Linearised)
        linearised(r, I, order, out);
    else
        differentiate_leaky(r, I, order, by_current, out);
    if (!out.defined) return;
    for (const double v : out.value)
        if (!std::isfinite(v)) {
            out.defined = false;
            out.reason = "the moments are not finite";
        }
}

// ---- leaky membrane: closed forms -----------------------------------------------------------------------------------

template <class T> void MembraneModel::leaky(std::span<const T> r, const T& I, T (&moment)[4]) const {
    using std::sqrt;
    const bool published = kind_ == MomentKind::AutoMfm;
    // mu_G = g_L + sum G_s,  mu_V = (sum G_s E_s + g_L E_L + I) / mu_G; the published tool leaves e out of G_s (area Q
    // tau), so that its numerator is e (sum G_s E_s + g_L E_L) - X with the adaptation current X = -I, and knows no
    // I_e.
    T mu_G(g_L_), drive(g_L_ * E_L_), current(published ? I : I + I_e_);
    for (std::size_t s = 0; s < pathways_.size(); ++s) {
        const InputPathway& p = pathways_[s];
        const T mean = r[s] * (1e-3 * p.Q * (published ? p.receptor.tau : kernel_area(p.receptor)));
        if (is_current(p.receptor)) {
            current += mean;
        } else {
            mu_G += mean;
            drive += mean * p.receptor.E_rev;
        }
    }
    const T mu_V = (published ? e * drive + current : drive + current) / mu_G;
    const T T_m = C_m_ / mu_G;
    // Each event adds U area/((1 + s T_m)(1 + s tau_1)(1 + s tau_2)) to V: variance r times the integral of its square,
    //   (U area)^2 (ab + bc + ca) / (2 (a + b)(b + c)(c + a)),   spectral density at 0: r (U area)^2.
    T variance(0.0), density(0.0);
    const double extra_hz =
        pathways_.size() <= 2 ? 1e-9 : 1e-15; // what the published tool adds to the presynaptic rates in tau_V
    for (std::size_t s = 0; s < pathways_.size(); ++s) {
        const InputPathway& p = pathways_[s];
        const auto [a, b] = stages(p.receptor);
        const T force = is_current(p.receptor) ? T(1.0) : T(p.receptor.E_rev - mu_V);
        const T jump = force * (p.Q * kernel_area(p.receptor)) / mu_G, square = jump * jump * 1e-3;
        variance += r[s] * square * (a * b + T_m * (a + b)) / (2.0 * (a + b) * (T_m + a) * (T_m + b));
        density += (published ? r[s] + extra_hz * p.K : r[s]) * square;
    }
    moment[MembraneMoments::MuV] = mu_V;
    moment[MembraneMoments::SigmaV] = sqrt(variance);
    moment[MembraneMoments::TauV] = density / (2.0 * variance);
    moment[MembraneMoments::MuG] = mu_G;
}

void MembraneModel::differentiate_leaky(std::span<const double> r, double I, int order, bool by_current,
                                        MembraneMoments& out) const {
    const std::size_t S = pathways_.size(), variables = S + (by_current ? 1 : 0);
    if (std::none_of(r.begin(), r.end(), [](double rate) { return rate > 0; })) {
        out.defined = false;
        out.reason = "no input arrives, so nothing fluctuates";
        return;
    }
    if (order < 2) {
        double moment[4];
        leaky(r, I, moment);
        std::copy(moment, moment + 4, out.value);
        if (order == 0) return;
        using Jet = Dual<double, 1>;
        std::vector<Jet> x(r.begin(), r.end());
        x.emplace_back(I);
        for (std::size_t s = 0; s < variables; ++s) {
            x[s].d[0] = 1.0;
            Jet jet[4];
            leaky(std::span<const Jet>(x).first(S), x[S], jet);
            x[s].d[0] = 0.0;
            for (int m = 0; m < 4; ++m) out.d[m][s] = jet[m].d[0];
        }
        return;
    }
    using Jet = Dual<Dual<double, 1>, 1>;
    std::vector<Jet> x(r.begin(), r.end());
    x.emplace_back(I);
    for (std::size_t s = 0; s < variables; ++s)
        for (std::size_t t = 0; t <= s; ++t) {
            x[s].d[0].value = 1.0;
            x[t].value.d[0] = 1.0;
            Jet jet[4];
            leaky(std::span<const Jet>(x).first(S), x[S], jet);
            x[s].d[0].value = x[t].value.d[0] = 0.0;
            for (int m = 0; m < 4; ++m) {
                out.value[m] = jet[m].value.value;
                out.d[m][s] = jet[m].d[0].value;
                out.d2[m][s * variables + t] = out.d2[m][t * variables + s] = jet[m].d[0].d[0];
            }
        }
}

// ---- the neuron's own equations, linearised
// -----------------------------------------------------------------------------

/// x' = f(x, g) linearised at its stationary point, with the synapses of each used port appended:
///   g' = -g/tau_1 + h,  h' = -h/tau_2 + b xi     (exponential: g' = -g/tau_1 + b xi)
/// so that A = [J G; 0 S] with S bidiagonal.  Its structure makes the linear algebra cheap: everything is solved by
/// columns of the synaptic block, then a Lyapunov equation of the neuron's own few states.
struct MembraneModel::Linear {
    using Matrix = Eigen::MatrixXd;
    using Vector = Eigen::VectorXd;
    struct Stage {
        std::size_t port;
        double rate;      ///< 1/tau, 1/ms
        bool has_next;    ///< driven by the stage after it
        double intensity; ///< b^2 sum Q^2 r of the noise into it, 0 when it gets none
    };
    std::size_t n = 0;              ///< neuron states
    std::vector<Stage> stage;       ///< synaptic states
    std::vector<std::size_t> head;  ///< [port] the stage that is the port's conductance, or none
    std::vector<std::size_t> noisy; ///< [port] the stage that the noise drives
    Vector x;                       ///< stationary point
    Matrix J, G;                    ///< [n][n], [n][ports]
    std::vector<double> hessian;    ///< [n][columns][columns]
    Eigen::PartialPivLU<Matrix> lu_J, lu_lyapunov;
    std::vector<Eigen::PartialPivLU<Matrix>> lu_stage; ///< of J - I rate

    static constexpr std::size_t none = ~std::size_t{0};
    [[nodiscard]] std::size_t size() const { return n + stage.size(); }
    [[nodiscard]] Eigen::Index i(std::size_t k) const { return static_cast<Eigen::Index>(k); }

    void factorise() {
        const auto m = static_cast<Eigen::Index>(n);
        lu_J.compute(J);
        lu_stage.clear();
        for (std::size_t k = 0; k < stage.size(); ++k) {
            // The two stages of an alpha synapse share a factorisation.
            if (k > 0 && stage[k].rate == stage[k - 1].rate)
                lu_stage.push_back(lu_stage.back());
            else
                lu_stage.emplace_back(J - Matrix::Identity(m, m) * stage[k].rate);
        }
        Matrix kronecker = Matrix::Zero(m * m, m * m);
        for (Eigen::Index a = 0; a < m; ++a)
            for (Eigen::Index b = 0; b < m; ++b)
                for (Eigen::Index k = 0; k < m; ++k) {
                    kronecker(a * m + b, k * m + b) += J(a, k);
                    kronecker(a * m + b, a * m + k) += J(b, k);
                }
        lu_lyapunov.compute(kronecker);
    }
    /// X of A X + X A^T + R = 0, R symmetric.
    [[nodiscard]] Matrix lyapunov(const Matrix& R) const {
        const std::size_t N = size();
        Matrix X(i(N), i(N));
        for (std::size_t a = N; a-- > n;)
            for (std::size_t b = N; b-- > n;) {
                double sum = R(i(a), i(b));
                if (stage[a - n].has_next) sum += X(i(a + 1), i(b));
                if (stage[b - n].has_next) sum += X(i(a), i(b + 1));
                X(i(a), i(b)) = sum / (stage[a - n].rate + stage[b - n].rate);
            }
        for (std::size_t b = N; b-- > n;) {
            Vector right = R.block(0, i(b), i(n), 1);
            for (std::size_t k = 0; k < stage.size(); ++k)
                if (head[stage[k].port] == k) right += G.col(i(stage[k].port)) * X(i(n + k), i(b));
            if (stage[b - n].has_next) right += X.block(0, i(b + 1), i(n), 1);
            const Vector column = lu_stage[b - n].solve(-right);
            X.block(0, i(b), i(n), 1) = column;
            X.block(i(b), 0, 1, i(n)) = column.transpose();
        }
        Matrix right = R.topLeftCorner(i(n), i(n));
        for (std::size_t k = 0; k < stage.size(); ++k)
            if (head[stage[k].port] == k) {
                const Matrix term = G.col(i(stage[k].port)) * X.block(i(n + k), 0, 1, i(n));
                right += term + term.transpose();
            }
        const Vector solved = lu_lyapunov.solve(-Eigen::Map<const Vector>(right.data(), right.size()));
        X.topLeftCorner(i(n), i(n)) = Eigen::Map<const Matrix>(solved.data(), i(n), i(n));
        return X;
    }
    /// u of A^T u = right.
    [[nodiscard]] Vector transposed(const Vector& right) const {
        Vector u(i(size()));
        u.head(i(n)) = lu_J.transpose().solve(right.head(i(n)));
        for (std::size_t k = 0; k < stage.size(); ++k) {
            double sum = -right(i(n + k));
            if (head[stage[k].port] == k) sum += G.col(i(stage[k].port)).dot(u.head(i(n)));
            if (k > 0 && stage[k - 1].has_next) sum += u(i(n + k - 1));
            u(i(n + k)) = sum / stage[k].rate;
        }
        return u;
    }
    /// The first n rows of a change of A: dJ and dG side by side, [n][n + ports].  P X + X P^T for it.
    [[nodiscard]] Matrix symmetric_product(const Matrix& change, const Matrix& X) const {
        Matrix rows = change.leftCols(i(n)) * X.topRows(i(n));
        for (std::size_t k = 0; k < stage.size(); ++k)
            if (head[stage[k].port] == k) rows += change.col(i(n + stage[k].port)) * X.row(i(n + k));
        Matrix out = Matrix::Zero(i(size()), i(size()));
        out.topRows(i(n)) += rows;
        out.leftCols(i(n)) += rows.transpose();
        return out;
    }
    [[nodiscard]] Vector transposed_product(const Matrix& change, const Vector& u) const {
        Vector out = Vector::Zero(i(size()));
        out.head(i(n)) = change.leftCols(i(n)).transpose() * u.head(i(n));
        for (std::size_t k = 0; k < stage.size(); ++k)
            if (head[stage[k].port] == k) out(i(n + k)) = change.col(i(n + stage[k].port)).dot(u.head(i(n)));
        return out;
    }
    /// All eigenvalues of J in the left half plane (Routh & Hurwitz up to three states).
    [[nodiscard]] bool stable() const {
        if (n == 1) return J(0, 0) < 0;
        if (n == 2) return J.trace() < 0 && J.determinant() > 0;
        if (n == 3) {
            const double a2 = -J.trace(), a0 = -J.determinant();
            const double a1 = J(0, 0) * J(1, 1) - J(0, 1) * J(1, 0) + J(0, 0) * J(2, 2) - J(0, 2) * J(2, 0) +
                              J(1, 1) * J(2, 2) - J(1, 2) * J(2, 1);
            return a2 > 0 && a0 > 0 && a2 * a1 > a0;
        }
        return (Eigen::EigenSolver<Matrix>(J, false).eigenvalues().real().array() < 0).all();
    }
};

/// Newton from below, from rest and from threshold; the first stable point found is the lowest (from below Newton's
/// method approaches the low root of a convex current-voltage curve without passing it).
bool MembraneModel::stationary(Linear& l, const double* g, double I) const {
    const std::size_t columns = n_ + ports_;
    std::vector<double> dx(n_), jacobian(n_ * columns);
    for (const double start : {V_low_, rest_[voltage_], V_high_}) {
        l.x = Eigen::Map<const Eigen::VectorXd>(rest_.data(), l.i(n_));
        l.x(l.i(voltage_)) = start;
        bool converged = false;
        for (int iteration = 0; iteration < 60 && !converged; ++iteration) {
            equations(l.x.data(), g, I, dx.data(), jacobian.data(), nullptr);
            const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> all(
                jacobian.data(), l.i(n_), l.i(columns));
            l.J = all.leftCols(l.i(n_));
            l.G = all.rightCols(l.i(ports_));
            const Eigen::VectorXd step =
                l.J.partialPivLu().solve(Eigen::Map<const Eigen::VectorXd>(dx.data(), l.i(n_)));
            if (!step.allFinite()) break;
            // Newton's steps shrink quadratically: J at the point before such a step is J at the solution to rounding.
            converged = (step.array().abs() <= 1e-11 * (1.0 + l.x.array().abs())).all();
            l.x -= step;
        }
        if (converged && l.stable()) return true;
    }
    return false;
}

void MembraneModel::linearised(std::span<const double> r, double I, int order, MembraneMoments& out) const {
    using Matrix = Linear::Matrix;
    using Vector = Linear::Vector;
    const std::size_t S = pathways_.size(), columns = n_ + ports_;
    Linear l;
    l.n = n_;
    l.head.assign(ports_, Linear::none);
    l.noisy.assign(ports_, Linear::none);
    std::vector<double> g(std::max<std::size_t>(ports_, 1), 0.0), gain(S), unit(S); // mean and noise intensity per Hz
    out.value[MembraneMoments::MuG] = g_L_;
    double noise = 0;
    for (std::size_t s = 0; s < S; ++s) {
        const InputPathway& p = pathways_[s];
        const auto [a, b] = stages(p.receptor);
        if (l.head[p.port] == Linear::none) {
            l.head[p.port] = l.stage.size();
            l.stage.push_back({p.port, 1.0 / a, b > 0, 0.0});
            if (b > 0) l.stage.push_back({p.port, 1.0 / b, false, 0.0});
            l.noisy[p.port] = l.stage.size() - 1;
        }
        unit[s] = 1e-3 * p.Q * kernel_area(p.receptor);
        // A chain of unit events has area tau_1 tau_2 b (tau_1 b): b from the area.
        const double jump = p.Q * kernel_area(p.receptor) / (b > 0 ? a * b : a);
        gain[s] = 1e-3 * jump * jump;
        g[p.port] += unit[s] * r[s];
        l.stage[l.noisy[p.port]].intensity += gain[s] * r[s];
        noise += gain[s] * r[s];
        if (!is_current(p.receptor)) out.value[MembraneMoments::MuG] += unit[s] * r[s];
        if (order > 0) out.d[MembraneMoments::MuG][s] = is_current(p.receptor) ? 0.0 : unit[s];
    }
    const auto undefined = [&](std::string_view reason) {
        out.defined = false;
        out.reason = reason;
    };
    if (!(noise > 0)) return undefined("no input arrives, so nothing fluctuates");
    if (!stationary(l, g.data(), I)) return undefined("the subthreshold equations have no stable stationary point");
    l.factorise();

    const Eigen::Index V = l.i(voltage_);
    Matrix D = Matrix::Zero(l.i(l.size()), l.i(l.size()));
    for (std::size_t k = 0; k < l.stage.size(); ++k) D(l.i(n_ + k), l.i(n_ + k)) = l.stage[k].intensity;
    const Matrix X = l.lyapunov(D);
    Vector unit_V = Vector::Zero(l.i(l.size()));
    unit_V(V) = 1.0;
    const Vector u = l.transposed(unit_V); // row V of A^-1
    double density = 0;
    for (std::size_t k = 0; k < l.stage.size(); ++k) density += l.stage[k].intensity * u(l.i(n_ + k)) * u(l.i(n_ + k));
    const double variance = X(V, V);
    if (!(variance > 0)) return undefined("the linearised equations give no positive variance");
    const double sigma = std::sqrt(variance);
    out.value[MembraneMoments::MuV] = l.x(V);
    out.value[MembraneMoments::SigmaV] = sigma;
    out.value[MembraneMoments::TauV] = density / (2 * variance);
    if (order < 1) return;

    // Implicit differentiation: f(x, g) = 0 moves the point, the Hessian turns that into a change of A.
    std::vector<double> dx(n_), jacobian(n_ * columns);
    l.hessian = constant_hessian_;
    if (l.hessian.empty()) {
        l.hessian.resize(n_ * columns * columns);
        equations(l.x.data(), g.data(), I, dx.data(), jacobian.data(), l.hessian.data());
    }
    const auto contract = [&](const std::vector<double>& h, const Vector& v) {
        Matrix m = Matrix::Zero(l.i(n_), l.i(columns));
        for (std::size_t a = 0; a < n_; ++a)
            for (std::size_t b = 0; b < columns; ++b)
                m(l.i(a), l.i(b)) = Eigen::Map<const Vector>(&h[(a * columns + b) * columns], l.i(columns)).dot(v);
        return m;
    };
    std::vector<Vector> v(S), du(S);
    std::vector<Matrix> dA(S), dX(S);
    std::vector<double> d_density(S);
    for (std::size_t s = 0; s < S; ++s) {
        const std::size_t port = pathways_[s].port, noisy = l.noisy[port];
        v[s] = Vector::Zero(l.i(columns));
        v[s](l.i(n_ + port)) = unit[s];
        v[s].head(l.i(n_)) = l.lu_J.solve(-l.G.col(l.i(port)) * unit[s]);
        dA[s] = contract(l.hessian, v[s]);
        Matrix right = l.symmetric_product(dA[s], X);
        right(l.i(n_ + noisy), l.i(n_ + noisy)) += gain[s];
        dX[s] = l.lyapunov(right);
        du[s] = l.transposed(-l.transposed_product(dA[s], u));
        d_density[s] = gain[s] * u(l.i(n_ + noisy)) * u(l.i(n_ + noisy));
        for (std::size_t k = 0; k < l.stage.size(); ++k)
            d_density[s] += 2 * l.stage[k].intensity * u(l.i(n_ + k)) * du[s](l.i(n_ + k));
        const double d_variance = dX[s](V, V);
        out.d[MembraneMoments::MuV][s] = v[s](V);
        out.d[MembraneMoments::SigmaV][s] = d_variance / (2 * sigma);
        out.d[MembraneMoments::TauV][s] =
            (d_density[s] - 2 * out.value[MembraneMoments::TauV] * d_variance) / (2 * variance);
    }
    if (order < 2) return;

    // Third derivatives of f along v[t]: fourth-order differences of its exact Hessian.
    const auto third = [&](const Vector& direction) {
        std::vector<double> sum(l.hessian.size(), 0.0), at(l.hessian.size());
        const double largest = direction.cwiseAbs().maxCoeff();
        if (!constant_hessian_.empty() || !(largest > 0)) return sum;
        const double h = 0.01 / largest;
        for (const auto& [steps, weight] : {std::pair{1.0, 8.0}, {-1.0, -8.0}, {2.0, -1.0}, {-2.0, 1.0}}) {
            const Vector x = l.x + h * steps * direction.head(l.i(n_));
            std::vector<double> moved(g);
            for (std::size_t p = 0; p < ports_; ++p) moved[p] += h * steps * direction(l.i(n_ + p));
            equations(x.data(), moved.data(), I, dx.data(), jacobian.data(), at.data());
            for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += weight * at[k] / (12 * h);
        }
        return sum;
    };
    for (std::size_t t = 0; t < S; ++t) {
        const std::vector<double> h3 = third(v[t]);
        for (std::size_t s = 0; s <= t; ++s) {
            // d2x = -J^-1 H[v_s, v_t], then the change of A along it plus what the third derivatives add.
            const Vector x2 = l.lu_J.solve(-(dA[t] * v[s]));
            Vector v2 = Vector::Zero(l.i(columns));
            v2.head(l.i(n_)) = x2;
            const Matrix d2A = contract(l.hessian, v2) + contract(h3, v[s]);
            const Matrix right =
                l.symmetric_product(d2A, X) + l.symmetric_product(dA[s], dX[t]) + l.symmetric_product(dA[t], dX[s]);
            const double d2_variance = l.lyapunov(right)(V, V);
            const Vector d2u = l.transposed(-(l.transposed_product(d2A, u) + l.transposed_product(dA[s], du[t]) +
                                              l.transposed_product(dA[t], du[s])));
            const std::size_t noisy_s = l.noisy[pathways_[s].port], noisy_t = l.noisy[pathways_[t].port];
            double d2_density = 2 * gain[s] * u(l.i(n_ + noisy_s)) * du[t](l.i(n_ + noisy_s)) +
                                2 * gain[t] * u(l.i(n_ + noisy_t)) * du[s](l.i(n_ + noisy_t));
            for (std::size_t k = 0; k < l.stage.size(); ++k) {
                const Eigen::Index j = l.i(n_ + k);
                d2_density += 2 * l.stage[k].intensity * (du[s](j) * du[t](j) + u(j) * d2u(j));
            }
            const double dv_s = dX[s](V, V), dv_t = dX[t](V, V), tau = out.value[MembraneMoments::TauV];
            const double d2[3] = {x2(V), d2_variance / (2 * sigma) - dv_s * dv_t / (4 * sigma * variance),
                                  (d2_density - 2 * tau * d2_variance - 2 * out.d[MembraneMoments::TauV][s] * dv_t -
                                   2 * out.d[MembraneMoments::TauV][t] * dv_s) /
                                      (2 * variance)};
            for (int m = 0; m < 3; ++m) out.d2[m][s * S + t] = out.d2[m][t * S + s] = d2[m];
        }
    }
}

} // namespace mfm
