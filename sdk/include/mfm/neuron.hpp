// SPDX-License-Identifier: Apache-2.0
// The authoring layer of neuron models.  An author writes a struct M with
//   id, version, summary, citation          static constexpr strings
//   template <class T> struct Parameters    T members; static constexpr auto fields() (mfm::Field rows)
//   template <class T> struct State         T members; the first `dynamic` of them obey differential equations
//   static constexpr int dynamic
//   derivative(p, s, syn)                   d state / d t of the subthreshold equations, per ms: a State (or Dual) of
//   rates initialise(p, dt, s, random)            the state of a new cell prepare(p, dt)                          -> a
//   step: [=](State<T>& s, const Input<T>& in, Random<T>& random) -> mask of spikes
// all templated on the number type, and exports it with MFM_PLUGIN("My Lab", mfm::NeuronModel<M>).  Receptors, input,
// noise keys, vector width and automatic differentiation are done here.
#pragma once
#include <mfm/dual.hpp>
#include <mfm/lanes.hpp>
#include <mfm/plugin.hpp>
#include <mfm/random.hpp>
#include <mfm/simd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

namespace mfm {

/// The synaptic input of a cell at one moment: the sum of its conductances, and their pull to their reversal
/// potentials.
template <class T> struct Synapses {
    T g;  ///< nS
    T gE; ///< pA: sum of g_i E_i, and of the currents
    /// sum g_i (E_i - V) + currents, pA.
    MFM_INLINE T operator()(const T& V) const { return fnma(g, V, gE); }
};
/// The synaptic input at the start and at the end of a step (before the spikes that arrive in it take effect).
template <class T> struct Input { Synapses<T> start, end; };

/// Threefry-2x64-13 (Salmon et al. 2011): two 64-bit words for each of W cells.  Adds, rotations and xors only, so it
/// vectorises at every width without a multiplier.
template <int W> struct Threefry {
    using U = typename detail::Native<W>::U;
    MFM_INLINE static void words(U& x0, U& x1, std::uint64_t k0, std::uint64_t k1) {
        const std::uint64_t k2 = 0x1BD11BDAA9FC1A22ULL ^ k0 ^ k1;
        const auto rotate = [](const U& x, int n) __attribute__((always_inline)) {
            return (x << n) | (x >> (64 - n));
        };
        const auto round = [&](int n) __attribute__((always_inline)) {
            x0 += x1;
            x1 = rotate(x1, n) ^ x0;
        };
        x0 += k0;
        x1 += k1;
        round(16), round(42), round(12), round(31);
        x0 += k1;
        x1 += k2 + 1;
        round(16), round(32), round(24), round(21);
        x0 += k2;
        x1 += k0 + 2;
        round(16), round(42), round(12), round(31);
        x0 += k0;
        x1 += k1 + 3;
        round(16);
    }
};

/// Random numbers of the cells of a block in one step, keyed by (seed, stream, cell, step): the same for any batching.
template <class T> class Random {
    static constexpr int B = static_cast<int>(sizeof(T) / sizeof(typename T::F)), W = T::lanes / B;
    using U = typename detail::Native<W>::U;

public:
    MFM_INLINE Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t first_cell)
        : key0_(stream_key(seed, stream)), key1_(stream_key(seed ^ 0x6e6f697365ULL, stream)), cell_(first_cell) {}
    /// A fresh standard exponential variate into the lanes of the mask.
    MFM_INLINE void exponential(const typename T::MaskType& mask, T& target) {
        for (int k = 0; k < B; ++k) {
            if (detail::signs(mask.v[k]) == 0) continue;
            One old;
            Mask<W, 1> here;
            old.v[0] = target.v[k];
            here.v[0] = mask.v[k];
            target.v[k] = select(here, -log(draw(k)), old).v[0];
        }
        ++purpose_;
    }
    /// Uniform in (0, 1), one per cell.
    MFM_INLINE T uniform() {
        T out;
        for (int k = 0; k < B; ++k) out.v[k] = draw(k).v[0];
        ++purpose_;
        return out;
    }
    MFM_INLINE void at_step(std::uint64_t step) {
        step_ = step;
        purpose_ = 0;
    }

private:
    using One = Real<W, 1>;
    MFM_INLINE One draw(int k) const {
        constexpr std::integral_constant<int, W> width;
        U x0 = detail::iota(width) + (cell_ + static_cast<std::uint64_t>(k * W)),
          x1 = detail::fill_bits(width, step_ << 8 | purpose_);
        Threefry<W>::words(x0, x1, key0_, key1_);
        One out;
        out.v[0] = (typename One::F)(x0 >> 12 | 0x3ff0000000000000ULL) - 1.0 + 0x1p-53;
        return out;
    }
    std::uint64_t key0_, key1_, cell_, step_ = 0, purpose_ = 0;
};

namespace detail {

constexpr int max_drives = 32;

/// Shape of the receptors that a kernel is compiled for.
enum class Shapes { Alpha, Exponential, Any };

/// Constants of one port: decay over a step, what a unit weight adds.
struct PortConstants {
    std::uint32_t shape = 0;
    bool current = false;
    double decay = 0, decay_rise = 0, jump = 0, E_rev = 0;
};

/// Poisson counts from 32 random bits in constant time: Walker's alias method (1977), the table as Vose (1991) fills
/// it. 16 or 64 outcomes, so many that those left out have a probability below 2^-32 together.  The first 16 bits
/// nearly always decide.
class PoissonTable {
public:
    explicit PoissonTable(double expected) noexcept : bits_(expected <= 1.75 ? 4 : 6) {
        const unsigned n = 1u << bits_;
        std::array<double, most> share;
        double p = std::exp(-expected), total = 0;
        for (unsigned k = 0; k < n; ++k) {
            share[k] = p;
            total += p;
            p = p * expected / (k + 1);
        }
        std::array<std::uint8_t, most> less, more; // outcomes with less and with at least an equal share
        unsigned n_less = 0, n_more = 0;
        for (unsigned k = 0; k < n; ++k) {
            share[k] = share[k] / total * n;
            set(k, 0, k); // its own alias
            (share[k] < 1.0 ? less[n_less++] : more[n_more++]) = static_cast<std::uint8_t>(k);
        }
        const double width = std::ldexp(1.0, 32 - static_cast<int>(bits_));
        while (n_less > 0 && n_more > 0) {
            const unsigned low = less[--n_less], high = more[n_more - 1];
            set(low, static_cast<std::uint32_t>(std::min(share[low] * width, width - 1.0)), high);
            share[high] -= 1.0 - share[low];
            if (share[high] < 1.0) {
                --n_more;
                less[n_less++] = static_cast<std::uint8_t>(high);
            }
        }
    }
    [[nodiscard]] std::uint16_t count(std::uint16_t first, std::uint16_t second) const noexcept {
        const unsigned index = first >> (16 - bits_), rest = first & (0xffffu >> bits_),
                       cutoff = entry_[index] >> bits_;
        const bool below = rest < cutoff || (rest == cutoff && second < second_[index]);
        return static_cast<std::uint16_t>(below ? index : entry_[index] & ((1u << bits_) - 1));
    }
    /// Counts of 4 W numbers of 16 bits, right where those decide; undecided: somewhere they do not.
    template <int W>
    [[nodiscard]] MFM_INLINE typename Native<W>::U16 counts(const typename Native<W>::U16& number,
                                                            bool& undecided) const {
        using U16 = typename Native<W>::U16;
        const int bits = static_cast<int>(bits_);
        const U16 index = number >> (16 - bits);
        U16 entry = {};
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__)
        if constexpr (W == 8) { // the table fits two registers
            entry = index;
            const auto* table = reinterpret_cast<const U16*>(entry_.data());
            __asm__("vpermi2w %2, %1, %0" : "+v"(entry) : "v"(table[0]), "vm"(table[1]));
        } else
#endif
            for (int i = 0; i < 4 * W; ++i) entry[i] = entry_[index[i]];
        // Named, because gcc with UBSan widens such casts to int in the middle of an expression.
        const auto remainder = static_cast<std::uint16_t>(0xffffu >> bits),
                   alias = static_cast<std::uint16_t>((1u << bits) - 1);
        const U16 cutoff = entry >> bits, rest = number & remainder;
        const U16 distance = rest - cutoff;
        undecided = any_zero<W>(distance);
        const U16 below = (U16)((typename Native<W>::I16)distance >> 15);
        return (below & index) | (~below & entry & alias);
    }

private:
    static constexpr unsigned most = 64;
    void set(unsigned outcome, std::uint32_t cutoff, unsigned alias) noexcept {
        entry_[outcome] = static_cast<std::uint16_t>(cutoff >> 16 << bits_ | alias);
        second_[outcome] = static_cast<std::uint16_t>(cutoff);
    }
    template <int W> MFM_INLINE static bool any_zero(const typename Native<W>::U16& x) {
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__)
        if constexpr (W == 8) {
            std::uint32_t zero;
            __asm__("vptestnmw %1, %1, %0" : "=k"(zero) : "v"(x));
            return zero != 0;
        }
#endif
        const auto y = (typename Native<W>::U)x;
        const auto zero = (y - 0x0001000100010001ULL) & ~y & 0x8000800080008000ULL;
        std::uint64_t some = 0;
        for (int i = 0; i < W; ++i) some |= zero[i];
        return some != 0;
    }
    alignas(64) std::array<std::uint16_t, most> entry_{}; // the cutoff's first bits, and its alias in the low bits
    std::array<std::uint16_t, most> second_{};            // the cutoff's other 16 bits
    unsigned bits_;
};

/// Poisson input is drawn for this many cells at a time, which one call of the generator serves, with 16 bits each.
constexpr std::uint64_t drawn_cells = 64;
constexpr std::uint32_t drawn_steps = 128; // and for so many steps

/// One drive of a batch, ready to draw from.
struct Drive {
    std::uint32_t port, weight_stride;
    const double* weight;
    std::vector<PoissonTable> tables;          // one for all cells, or one for each run of cells of equal rate
    std::vector<const PoissonTable*> table_of; // [n] when rates differ
};
/// Sorted by port: those of port p are first[p] .. first[p + 1].
struct Drives {
    std::vector<Drive> list;
    std::array<std::size_t, MFM_MAX_PORTS + 1> first{};
};

/// f(0) ... f(N - 1), written out.
template <int N, class F> MFM_INLINE void unrolled(const F& f) {
    [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
        (f(std::integral_constant<int, i>{}), ...);
    }
    (std::make_integer_sequence<int, N>{});
}

/// Denormal numbers count as 0 in this scope: a synapse long silent costs no more than a busy one.
class FlushDenormals {
public:
#if defined(__x86_64__)
    FlushDenormals() : saved_(__builtin_ia32_stmxcsr()) {
        __builtin_ia32_ldmxcsr(saved_ | 0x8040u);
    }
    ~FlushDenormals() {
        __builtin_ia32_ldmxcsr(saved_);
    }
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;

private:
    unsigned saved_;
#endif
};

} // namespace detail

template <class M> class NeuronModel {
public:
    template <class T> using Parameters = typename M::template Parameters<T>;
    template <class T> using State = typename M::template State<T>;
    using Fields = Schema<Parameters<double>>;
    using StateFields = Schema<State<double>>;
    static constexpr int n_settings = static_cast<int>(Fields::size), n_states = static_cast<int>(StateFields::size);
    static constexpr int dynamic = M::dynamic;

private:
    static constexpr bool has_two_states(std::uint32_t shape) {
        return shape == MFM_RECEPTOR_ALPHA || shape == MFM_RECEPTOR_BIEXPONENTIAL;
    }
    struct Instance {
        Parameters<double> parameters;
        std::vector<mfm_receptor> receptors;
        std::vector<mfm_field> synapse_rows;
        std::vector<std::string> names;
        std::vector<const mfm_field*> states;
    };

    static mfm_status create(const mfm_value* const* values, void** self, mfm_error* error) noexcept {
        return guarded(error, [&] {
            auto instance = std::make_unique<Instance>();
            instance->parameters = Fields::read(values);
            if constexpr (requires { M::check(instance->parameters); }) M::check(instance->parameters);
            *self = instance.release();
        });
    }
    static void destroy(void* self) noexcept { delete static_cast<Instance*>(self); }

    static mfm_status set_receptors(void* self, std::uint32_t n, const mfm_receptor* const* receptors,
                                    mfm_error* error) noexcept {
        return guarded(error, [&] {
            auto& it = *static_cast<Instance*>(self);
            if (n > MFM_MAX_PORTS) throw std::runtime_error("at most 8 receptors per cell");
            it.receptors.clear();
            for (std::uint32_t i = 0; i < n; ++i) {
                const mfm_receptor& r = *receptors[i];
                if (r.shape > MFM_RECEPTOR_DELTA) throw std::runtime_error("unknown receptor shape");
                if (r.shape == MFM_RECEPTOR_DELTA && (r.flags & MFM_RECEPTOR_CURRENT) == 0)
                    throw std::runtime_error("a delta receptor is a current, and has no reversal potential");
                if (r.shape != MFM_RECEPTOR_DELTA && !(r.tau > 0.0))
                    throw std::runtime_error("a receptor's time constant must be positive");
                if (r.shape == MFM_RECEPTOR_BIEXPONENTIAL && !(r.tau_rise > 0.0 && r.tau_rise < r.tau))
                    throw std::runtime_error("a biexponential receptor needs 0 < tau_rise < tau");
                it.receptors.push_back(copy_of(r));
            }
            it.names.clear();
            std::vector<const char*> units;
            for (std::uint32_t i = 0; i < n; ++i) {
                units.insert(units.end(), has_two_states(receptors[i]->shape) ? 2 : 1,
                             (receptors[i]->flags & MFM_RECEPTOR_CURRENT) != 0 ? "pA" : "nS");
                it.names.push_back("g_" + std::to_string(i + 1));
                if (has_two_states(receptors[i]->shape)) it.names.push_back("h_" + std::to_string(i + 1));
            }
            it.synapse_rows.clear();
            for (std::size_t i = 0; i < it.names.size(); ++i)
                it.synapse_rows.push_back(mfm_field{sizeof(mfm_field), MFM_REAL, 0, 0, it.names[i].c_str(), units[i],
                                                    "synaptic state", 0.0, -infinity, infinity, nullptr, nullptr});
            it.states.assign(StateFields::list.begin(), StateFields::list.end() - 1);
            for (const mfm_field& row : it.synapse_rows) it.states.push_back(&row);
            it.states.push_back(nullptr);
        });
    }
    static mfm_status states(void* self, const mfm_field* const** fields, std::uint32_t* n_dynamic,
                             mfm_error*) noexcept {
        *fields = static_cast<const Instance*>(self)->states.data();
        *n_dynamic = dynamic;
        return MFM_OK;
    }

    // ---- the batch -------------------------------------------------------------------------------------------------

    template <class T, class S, class Row> MFM_INLINE static void load_fields(S& out, const Row& row) {
        std::size_t i = 0;
        std::apply(
            [&](const auto&... f) __attribute__((always_inline)) { ((out.*(f.member) = row(i++)), ...); }, S::fields());
    }
    template <class S, class Row> MFM_INLINE static void store_fields(const S& in, const Row& row) {
        std::size_t i = 0;
        std::apply(
            [&](const auto&... f) __attribute__((always_inline)) { (row(i++, in.*(f.member)), ...); }, S::fields());
    }
    template <class T> MFM_INLINE static Parameters<T> load_parameters(const mfm_neuron_batch& b, std::uint32_t at) {
        Parameters<T> p;
        load_fields<T>(
            p, [&](std::size_t i) __attribute__((always_inline)) {
                return b.setting_stride[i] != 0 ? T::load(b.setting[i] + at) : T(b.setting[i][0]);
            });
        return p;
    }

    /// Receptor constants for this step length, and which of the compiled kernels serves them.
    struct Ports {
        std::array<detail::PortConstants, MFM_MAX_PORTS> port{};
        std::array<std::uint32_t, MFM_MAX_PORTS> first_state{};
        std::uint32_t n = 0;
        bool all_alpha = true, all_exponential = true;
    };
    static Ports port_constants(const Instance& it, double dt) {
        Ports out;
        out.n = static_cast<std::uint32_t>(it.receptors.size());
        std::uint32_t state = static_cast<std::uint32_t>(n_states);
        for (std::uint32_t i = 0; i < out.n; ++i) {
            const mfm_receptor& r = it.receptors[i];
            auto& c = out.port[i];
            c.shape = r.shape;
            c.current = (r.flags & MFM_RECEPTOR_CURRENT) != 0;
            c.decay = r.shape == MFM_RECEPTOR_DELTA ? 0.0 : std::exp(-dt / r.tau);
            c.E_rev = r.E_rev;
            out.first_state[i] = state;
            if (r.shape == MFM_RECEPTOR_DELTA) {
                c.jump = 1.0 / dt;
                state += 1;
            } else if (r.shape == MFM_RECEPTOR_EXPONENTIAL) {
                c.jump = 1.0;
                state += 1;
            } else if (r.shape == MFM_RECEPTOR_ALPHA) {
                c.jump = std::exp(1.0) / r.tau;
                state += 2;
            } else {
                c.decay_rise = std::exp(-dt / r.tau_rise);
                const double peak_time = r.tau * r.tau_rise / (r.tau - r.tau_rise) * std::log(r.tau / r.tau_rise);
                c.jump = 1.0 / (std::exp(-peak_time / r.tau) - std::exp(-peak_time / r.tau_rise));
                state += 2;
            }
            out.all_alpha = out.all_alpha && r.shape == MFM_RECEPTOR_ALPHA && !c.current;
            out.all_exponential = out.all_exponential && r.shape == MFM_RECEPTOR_EXPONENTIAL && !c.current;
        }
        return out;
    }

    using Drives = detail::Drives;

    /// Events of a drive in the 64 cells from `cell` on, in steps t .. t + n of the batch: out [step][64].
    template <int W>
    MFM_INLINE static void draw(const mfm_neuron_batch& b, const detail::Drive& drive, std::uint64_t index,
                                std::uint64_t cell, std::uint32_t t, std::uint32_t n, std::uint16_t* out) {
        using U = typename detail::Native<W>::U;
        using U16 = typename detail::Native<W>::U16;
        using Row = typename detail::Native<W>::Row16;
        constexpr std::integral_constant<int, W> width;
        const std::uint64_t key0 = stream_key(b.seed, b.stream),
                            key1 = stream_key(b.seed ^ 0x706f6973736f6eULL, b.stream);
        const auto generate = [&](U(&words)[2], std::uint64_t first, std::uint32_t step, std::uint64_t half)
            __attribute__((always_inline)) {
            words[0] = detail::iota(width) + (cell / 8 + first);
            words[1] = detail::fill_bits(width, index << 57 | half << 56 | (b.first_step + step));
            Threefry<W>::words(words[0], words[1], key0, key1);
        };
        for (std::uint32_t step = t; step < t + n; ++step)
            for (std::uint64_t first = 0; first < detail::drawn_cells / 8; first += W) {
                // 128 bits: 16 for each of four cells of the first half, and of four of the second.
                U words[2], second[2];
                generate(words, first, step, 0);
                bool seconds = false;
                detail::unrolled<2>([&](int half) __attribute__((always_inline)) {
                    const auto number = (U16)words[half];
                    U16 count = {};
                    bool undecided = !drive.table_of.empty();
                    if (!undecided) count = drive.tables[0].template counts<W>(number, undecided);
                    const std::uint64_t at = static_cast<std::uint64_t>(half) * detail::drawn_cells / 2 + 4 * first;
                    if (undecided) {
                        if (!seconds) generate(second, first, step, 1);
                        seconds = true;
                        const auto more = (U16)second[half];
                        for (int i = 0; i < 4 * W; ++i) {
                            // Cells of these 64 that the batch does not have get what its next or last one gets.
                            const std::uint64_t n_th = std::min<std::uint64_t>(
                                std::max(cell + at + static_cast<std::uint64_t>(i), b.first_neuron) - b.first_neuron,
                                b.n - 1);
                            count[i] = (drive.table_of.empty() ? drive.tables[0] : *drive.table_of[n_th])
                                           .count(number[i], more[i]);
                        }
                    }
                    *reinterpret_cast<Row*>(out + (step - t) * detail::drawn_cells + at) = count;
                });
            }
    }

    /// The kernel proper: a block of T::lanes cells over steps t_first .. t_last of the batch, state in registers.
    /// drawn: events of the block's cells, [drive][drawn_steps][drawn_cells].
    template <class T, int NP, detail::Shapes shapes, class Step>
    MFM_INLINE static void block(const mfm_neuron_batch& b, const Ports& ports, const Drives& drives, const Step& step,
                                 std::uint32_t at, std::uint32_t t_first, std::uint32_t t_last,
                                 const std::uint16_t* drawn) {
        using detail::Shapes;
        State<T> s;
        load_fields<T>(
            s, [&](std::size_t i) __attribute__((always_inline)) { return T::load(b.state[i] + at); });
        T g[NP], h[NP];
        const auto shape = [&](int p) __attribute__((always_inline)) {
            return shapes == Shapes::Alpha         ? MFM_RECEPTOR_ALPHA
                   : shapes == Shapes::Exponential ? MFM_RECEPTOR_EXPONENTIAL
                                                   : ports.port[static_cast<std::size_t>(p)].shape;
        };
        // Written out where ports are few, so that g and h live in registers.
        const auto each_port = [&](const auto& f) __attribute__((always_inline)) {
            if constexpr (shapes != Shapes::Any)
                detail::unrolled<NP>(f);
            else
                for (int p = 0; p < static_cast<int>(ports.n); ++p) f(p);
        };
        each_port([&](int p) __attribute__((always_inline)) {
            const std::uint32_t first = ports.first_state[static_cast<std::size_t>(p)];
            g[p] = T::load(b.state[first] + at);
            h[p] = has_two_states(shape(p)) ? T::load(b.state[first + 1] + at) : T(0.0);
        });

        // Broadcast once, not in every step.
        struct Constants {
            T decay, decay_rise, jump, E_rev;
        } constant[NP];
        each_port([&](int p) __attribute__((always_inline)) {
            const auto& c = ports.port[static_cast<std::size_t>(p)];
            constant[p] = {T(c.decay), T(c.decay_rise), T(c.jump), T(c.E_rev)};
        });
        const T dt(b.dt);

        // The sum of the synapses as they stand.
        const auto sum = [&]() __attribute__((always_inline)) {
            Synapses<T> out{T(0.0), T(0.0)};
            each_port([&](int p) __attribute__((always_inline)) {
                const T total = shape(p) == MFM_RECEPTOR_BIEXPONENTIAL ? g[p] - h[p] : g[p];
                if (shapes == Shapes::Any && ports.port[static_cast<std::size_t>(p)].current) {
                    out.gE += total;
                } else {
                    out.g = p == 0 ? total : out.g + total;
                    out.gE = fma(total, constant[p].E_rev, out.gE);
                }
            });
            return out;
        };
        const auto add = [&](int p, const T& jump) __attribute__((always_inline)) {
            if (has_two_states(shape(p))) h[p] += jump;
            if (shape(p) != MFM_RECEPTOR_ALPHA) g[p] += jump;
        };

        T drive_weight[detail::max_drives];
        for (std::size_t d = 0; d < drives.list.size(); ++d) {
            const detail::Drive& drive = drives.list[d];
            drive_weight[d] = (drive.weight_stride != 0 ? T::load(drive.weight + at) : T(drive.weight[0])) *
                              T(ports.port[drive.port].jump);
        }

        Random<T> random(b.seed, b.stream, b.first_neuron + at);
        Input<T> in;
        in.end = sum();
        for (std::uint32_t t = t_first; t < t_last; ++t) {
            const std::uint64_t now = b.first_step + t;
            // Synapses: exact propagators over the step.  What arrives changes the sum at once but for alpha synapses.
            in.start = shapes == Shapes::Alpha ? in.end : sum();
            each_port([&](int p) __attribute__((always_inline)) {
                if (shape(p) == MFM_RECEPTOR_ALPHA) g[p] = fma(dt, h[p], g[p]);
                if (shape(p) != MFM_RECEPTOR_DELTA) g[p] *= constant[p].decay;
                if (shape(p) == MFM_RECEPTOR_ALPHA) h[p] *= constant[p].decay;
                if (shape(p) == MFM_RECEPTOR_BIEXPONENTIAL) h[p] *= constant[p].decay_rise;
            });
            in.end = sum();
            each_port([&](int p) __attribute__((always_inline)) {
                if (shape(p) == MFM_RECEPTOR_DELTA) g[p] = T(0.0);
            });
            random.at_step(now);
            const auto spiked = step(s, in, random);

            // What arrives in this step acts after it.
            if (b.input != nullptr) {
                each_port([&](int p) __attribute__((always_inline)) {
                    const double* row = b.input[t * ports.n + static_cast<std::uint32_t>(p)];
                    if (row != nullptr) add(p, T::load(row + at) * constant[p].jump);
                });
            }
            if (!drives.list.empty()) {
                each_port([&](int p) __attribute__((always_inline)) {
                    const auto port = static_cast<std::size_t>(p);
                    for (std::size_t d = drives.first[port]; d < drives.first[port + 1]; ++d)
                        add(p, T::from_counts(drawn + (d * detail::drawn_steps + t - t_first) * detail::drawn_cells) *
                                   drive_weight[d]);
                });
            }

            for (unsigned fired = spiked.bits(); fired != 0; fired &= fired - 1) {
                const std::uint32_t neuron = at + static_cast<std::uint32_t>(__builtin_ctz(fired));
                if (neuron >= b.n_live) break;
                if (b.spike_count != nullptr) ++b.spike_count[neuron];
                if (b.spikes != nullptr && b.spikes->count < b.spikes->capacity) {
                    b.spikes->step[b.spikes->count] = t;
                    b.spikes->neuron[b.spikes->count] = neuron;
                    ++b.spikes->count;
                }
            }
        }

        store_fields(
            s, [&](std::size_t i, const T& x) __attribute__((always_inline)) { x.store(b.state[i] + at); });
        each_port([&](int p) __attribute__((always_inline)) {
            const std::uint32_t first = ports.first_state[static_cast<std::size_t>(p)];
            g[p].store(b.state[first] + at);
            if (has_two_states(shape(p))) h[p].store(b.state[first + 1] + at);
        });
    }

    template <class T, int NP, detail::Shapes shapes>
    MFM_INLINE static void run(const mfm_neuron_batch& b, const Ports& ports, const Drives& drives) {
        bool shared = true;
        for (int i = 0; i < n_settings; ++i) shared = shared && b.setting_stride[i] == 0;
        const auto step = M::prepare(load_parameters<T>(b, 0), b.dt);
        const auto advance = [&](std::uint32_t at, std::uint32_t t, std::uint32_t n, const std::uint16_t* drawn)
            __attribute__((always_inline)) {
            if (shared)
                block<T, NP, shapes>(b, ports, drives, step, at, t, t + n, drawn);
            else
                block<T, NP, shapes>(b, ports, drives, M::prepare(load_parameters<T>(b, at), b.dt), at, t, t + n,
                                     drawn);
        };
        constexpr auto lanes = static_cast<std::uint32_t>(T::lanes);
        const bool driven = !drives.list.empty();
        std::vector<std::uint16_t> drawn(drives.list.size() * detail::drawn_steps * detail::drawn_cells);
        const std::uint32_t most_steps = driven ? detail::drawn_steps : b.n_steps;
        for (std::uint32_t at = 0; at < b.n;) {
            const std::uint64_t cell = b.first_neuron + at, first = cell / detail::drawn_cells * detail::drawn_cells;
            const auto end =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(b.n, first + detail::drawn_cells - b.first_neuron));
            for (std::uint32_t t = 0; t < b.n_steps; t += most_steps) {
                const std::uint32_t n = std::min(most_steps, b.n_steps - t);
                constexpr int W = T::lanes / static_cast<int>(sizeof(T) / sizeof(typename T::F));
                for (std::size_t d = 0; d < drives.list.size(); ++d)
                    draw<W>(b, drives.list[d], d, first, t, n,
                            drawn.data() + d * detail::drawn_steps * detail::drawn_cells);
                for (std::uint32_t i = at; i < end; i += lanes)
                    advance(i, t, n, drawn.data() + (b.first_neuron + i - first));
            }
            at = end;
        }
    }

    // One entry per instruction set and kernel; only these carry the target, everything below is inlined into them.
    using Entry = void (*)(const mfm_neuron_batch&, const Ports&, const Drives&);
    template <int NP, detail::Shapes shapes> struct Entries {
        [[gnu::flatten]] static void lanes2(const mfm_neuron_batch& b, const Ports& p, const Drives& d) {
            run<Real<2, 1>, NP, shapes>(b, p, d);
        }
#if defined(__x86_64__) && defined(__OPTIMIZE__)
        // Without optimisation nothing is inlined, and the instruction sets would not mix.
        [[gnu::flatten, gnu::target("avx2,fma")]] static void lanes8(const mfm_neuron_batch& b, const Ports& p,
                                                                     const Drives& d) {
            run<Real<4, 2>, NP, shapes>(b, p, d);
        }
        [[gnu::flatten, gnu::target("avx512f,avx512dq,avx512vl,avx512bw,fma")]] static void
        lanes16(const mfm_neuron_batch& b, const Ports& p, const Drives& d) {
            run<Real<8, 2>, NP, shapes>(b, p, d);
        }
#endif
        static Entry pick(int lanes) {
#if defined(__x86_64__) && defined(__OPTIMIZE__)
            if (lanes >= 16) return &lanes16;
            if (lanes >= 8) return &lanes8;
#endif
            (void)lanes;
            return &lanes2;
        }
    };
    static Entry entry(const Ports& ports, int lanes) {
        using detail::Shapes;
        if (ports.all_alpha && ports.n == 2) return Entries<2, Shapes::Alpha>::pick(lanes);
        if (ports.all_alpha && ports.n == 3) return Entries<3, Shapes::Alpha>::pick(lanes);
        if (ports.all_exponential && ports.n == 2) return Entries<2, Shapes::Exponential>::pick(lanes);
        return Entries<MFM_MAX_PORTS, Shapes::Any>::pick(lanes);
    }

    /// The batch's drives, checked and sorted by port.
    static Drives read_drives(const mfm_neuron_batch& b, std::uint32_t n_ports) {
        Drives out;
        for (const mfm_drive* const* d = b.drive; b.drive != nullptr && *d != nullptr; ++d) {
            const mfm_drive& drive = **d;
            if (drive.port >= n_ports)
                throw std::runtime_error("a Poisson drive names a receptor that the cell does not have");
            if (out.list.size() == detail::max_drives) throw std::runtime_error("at most 32 Poisson drives per cell");
            detail::Drive& it =
                out.list.emplace_back(detail::Drive{drive.port, drive.weight_stride, drive.weight, {}, {}});
            std::vector<std::size_t> first; // cell at which each table's run begins
            const std::uint32_t n_rates = drive.rate_stride != 0 ? b.n : 1;
            for (std::uint32_t i = 0; i < n_rates; ++i) {
                const double expected = drive.rate_hz[i] * 1e-3 * b.dt;
                if (!(expected >= 0.0 && expected <= MFM_MOST_EVENTS))
                    throw std::runtime_error("a Poisson drive's rate must lie between 0 and 20 events a step");
                if (i > 0 && drive.rate_hz[i] == drive.rate_hz[i - 1]) continue;
                it.tables.emplace_back(expected);
                first.push_back(i);
            }
            if (it.tables.size() > 1) {
                first.push_back(b.n);
                for (std::size_t k = 0; k < it.tables.size(); ++k)
                    it.table_of.insert(it.table_of.end(), first[k + 1] - first[k], &it.tables[k]);
            }
        }
        std::stable_sort(out.list.begin(), out.list.end(),
                         [](const detail::Drive& x, const detail::Drive& y) { return x.port < y.port; });
        for (const detail::Drive& d : out.list)
            for (std::size_t p = d.port; p < MFM_MAX_PORTS; ++p) ++out.first[p + 1];
        return out;
    }

    static mfm_status advance(void* self, const mfm_neuron_batch* batch, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const auto& it = *static_cast<const Instance*>(self);
            const Ports ports = port_constants(it, batch->dt);
            const Drives drives = read_drives(*batch, ports.n);
            const detail::FlushDenormals scope;
            entry(ports, vector_lanes())(*batch, ports, drives);
        });
    }

    static mfm_status initialise(void* self, const mfm_neuron_batch* batch, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const auto& it = *static_cast<const Instance*>(self);
            using T = Real<2, 1>;
            for (std::uint32_t at = 0; at < batch->n; at += 2) {
                State<T> s;
                Random<T> random(batch->seed, batch->stream, batch->first_neuron + at);
                random.at_step(~std::uint64_t{0} >> 8);
                M::initialise(load_parameters<T>(*batch, at), batch->dt, s, random);
                store_fields(s, [&](std::size_t i, const T& x) { x.store(batch->state[i] + at); });
            }
            for (std::size_t i = 0; i < it.synapse_rows.size(); ++i)
                std::fill_n(batch->state[static_cast<std::size_t>(n_states) + i], batch->n, 0.0);
        });
    }

    // ---- the subthreshold equations, differentiated automatically
    // -----------------------------------------------------

    static mfm_status subthreshold(void* self, const mfm_subthreshold* q, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const auto& it = *static_cast<const Instance*>(self);
            constexpr int n = dynamic, inputs = 2, N = n + inputs;
            const std::size_t np = it.receptors.size();
            Parameters<double> plain = it.parameters;
            if (q->setting != nullptr) {
                std::size_t i = 0;
                std::apply([&](const auto&... f) { ((plain.*(f.member) = q->setting[i++]), ...); },
                           Parameters<double>::fields());
            }
            // The ports enter only through g and gE, so those two are what is differentiated by.
            double sums[inputs] = {0, 0};
            std::vector<std::array<double, inputs>> weight(np);
            for (std::size_t p = 0; p < np; ++p) {
                const bool current = (it.receptors[p].flags & MFM_RECEPTOR_CURRENT) != 0;
                weight[p] =
                    current ? std::array<double, inputs>{0, 1} : std::array<double, inputs>{1, it.receptors[p].E_rev};
                for (std::size_t k = 0; k < inputs; ++k) sums[k] += weight[p][k] * q->g[p];
            }
            using D1 = Dual<double, N>;
            using D2 = Dual<D1, N>;
            const auto evaluate = [&]<class T>(auto variable) {
                Parameters<T> p;
                std::apply(
                    [&](const auto&... to) {
                        std::apply([&](const auto&... from) { ((p.*(to.member) = T(plain.*(from.member))), ...); },
                                   Parameters<double>::fields());
                    },
                    Parameters<T>::fields());
                State<T> s;
                std::size_t i = 0;
                std::apply(
                    [&](const auto&... f) {
                        ((s.*(f.member) =
                              i < static_cast<std::size_t>(n) ? variable(q->x[i], static_cast<int>(i)) : T(0.0),
                          ++i),
                         ...);
                    },
                    State<T>::fields());
                const Synapses<T> syn{variable(sums[0], n), variable(sums[1], n + 1)};
                const State<T> rate = M::derivative(p, s, syn);
                std::array<T, static_cast<std::size_t>(n)> out;
                i = 0;
                std::apply(
                    [&](const auto&... f) {
                        ((i < static_cast<std::size_t>(n) ? void(out[i] = rate.*(f.member)) : void(), ++i), ...);
                    },
                    State<T>::fields());
                return out;
            };
            const std::size_t columns = static_cast<std::size_t>(n) + np;
            // d/d column c of the caller = sum over our variables a of chain(c, a) d/da.
            const auto chain = [&](std::size_t c, std::size_t a) {
                if (c < static_cast<std::size_t>(n)) return a == c ? 1.0 : 0.0;
                return a < static_cast<std::size_t>(n)
                           ? 0.0
                           : weight[c - static_cast<std::size_t>(n)][a - static_cast<std::size_t>(n)];
            };
            if (q->hessian == nullptr) {
                const auto f = evaluate.template operator()<D1>([](double x, int k) {
                    D1 v(x);
                    v.d[static_cast<std::size_t>(k)] = 1.0;
                    return v;
                });
                for (std::size_t r = 0; r < static_cast<std::size_t>(n); ++r) {
                    q->dx[r] = f[r].value;
                    if (q->jacobian != nullptr)
                        for (std::size_t c = 0; c < columns; ++c) {
                            double sum = 0;
                            for (std::size_t a = 0; a < N; ++a) sum += chain(c, a) * f[r].d[a];
                            q->jacobian[r * columns + c] = sum;
                        }
                }
            } else {
                const auto f = evaluate.template operator()<D2>([](double x, int k) {
                    D2 v(x);
                    v.value.d[static_cast<std::size_t>(k)] = 1.0;
                    v.d[static_cast<std::size_t>(k)] = D1(1.0);
                    return v;
                });
                for (std::size_t r = 0; r < static_cast<std::size_t>(n); ++r) {
                    q->dx[r] = f[r].value.value;
                    for (std::size_t c = 0; c < columns; ++c) {
                        double sum = 0;
                        for (std::size_t a = 0; a < N; ++a) sum += chain(c, a) * f[r].value.d[a];
                        if (q->jacobian != nullptr) q->jacobian[r * columns + c] = sum;
                        for (std::size_t d = 0; d < columns; ++d) {
                            double second = 0;
                            for (std::size_t a = 0; a < N; ++a)
                                for (std::size_t e = 0; e < N; ++e)
                                    second += chain(c, a) * chain(d, e) * f[r].d[a].d[e];
                            q->hessian[(r * columns + c) * columns + d] = second;
                        }
                    }
                }
            }
        });
    }

    static constexpr mfm_neuron_v1 table{sizeof(mfm_neuron_v1), 0,        &set_receptors, &states,
                                         &initialise,           &advance, &subthreshold};
    static constexpr auto interfaces = with_own_interfaces<M>(std::array<mfm_interface, 1>{{{MFM_NEURON_ID, &table}}});

public:
    /// The settings of the instance behind the `self` that functions of interfaces get.
    static const Parameters<double>& parameters(const void* self) {
        return static_cast<const Instance*>(self)->parameters;
    }
    static constexpr mfm_component component{
        sizeof(mfm_component), 0,       M::id,    M::version,        M::summary,           M::citation,
        Fields::list.data(),   &create, &destroy, interfaces.data(), documentation_of<M>()};
};

} // namespace mfm
