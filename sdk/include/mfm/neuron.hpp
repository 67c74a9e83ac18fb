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
#include <mfm/plugin.hpp>
#include <mfm/random.hpp>
#include <mfm/simd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

namespace mfm {

/// The synaptic input of a cell at one moment: all conductances as g (nS) and gE = sum g_i E_i (pA), and currents (pA).
template <class T> struct Synapses {
    T g, gE, current;
    /// sum g_i (E_i - V) + currents, pA.
    MFM_INLINE T operator()(const T& V) const { return gE - g * V + current; }
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
public:
    Random(std::uint64_t seed, std::uint64_t stream, std::uint64_t first_cell)
        : seed_(seed), stream_(stream), cell_(first_cell) {}
    /// A fresh standard exponential variate into the lanes of the mask.
    void exponential(const typename T::MaskType& mask, T& target) {
        for (int i = 0; i < T::lanes; ++i)
            if (mask.lane(i)) target.set_lane(i, draw(i).exponential());
        ++purpose_;
    }
    /// Uniform in (0, 1), one per cell.
    T uniform() {
        T out(0.0);
        for (int i = 0; i < T::lanes; ++i) out.set_lane(i, draw(i).uniform());
        ++purpose_;
        return out;
    }
    MFM_INLINE void at_step(std::uint64_t step) {
        step_ = step;
        purpose_ = 0;
    }

private:
    [[nodiscard]] RandomSequence draw(int lane) const {
        return {seed_, stream_ ^ (step_ << 8), cell_ + static_cast<std::uint64_t>(lane), purpose_};
    }
    std::uint64_t seed_, stream_, cell_, step_ = 0;
    std::uint32_t purpose_ = 0;
};

namespace detail {

constexpr int max_drives = 32;

/// Shape of the receptors that a kernel is compiled for.
enum class Shapes { Alpha, Any };

/// Constants of one port: decay over a step, what a unit weight adds.
struct PortConstants {
    std::uint32_t shape = 0;
    bool current = false;
    double decay = 0, decay_rise = 0, jump = 0, E_rev = 0;
};

/// Poisson counts of W * B cells by inversion of the distribution function; lambda may differ from cell to cell.
template <class T> MFM_INLINE T poisson_count(const T& u, const T& lambda, const T& p0) {
    T n(0.0), p = p0, cumulative = p0;
    auto more = u >= cumulative;
    for (int k = 1; k < 80 && any(more); ++k) {
        n = select(more, n + T(1.0), n);
        p = p * lambda * T(1.0 / k);
        cumulative += p;
        more = more & (u >= cumulative);
    }
    return n;
}

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
                if (r.shape > MFM_RECEPTOR_BIEXPONENTIAL) throw std::runtime_error("unknown receptor shape");
                if (!(r.tau > 0.0)) throw std::runtime_error("a receptor's time constant must be positive");
                if (r.shape == MFM_RECEPTOR_BIEXPONENTIAL && !(r.tau_rise > 0.0 && r.tau_rise < r.tau))
                    throw std::runtime_error("a biexponential receptor needs 0 < tau_rise < tau");
                it.receptors.push_back(r);
            }
            it.names.clear();
            for (std::uint32_t i = 0; i < n; ++i) {
                it.names.push_back("g_" + std::to_string(i + 1));
                if (receptors[i]->shape != MFM_RECEPTOR_EXPONENTIAL) it.names.push_back("h_" + std::to_string(i + 1));
            }
            it.synapse_rows.clear();
            for (const std::string& name : it.names)
                it.synapse_rows.push_back(mfm_field{sizeof(mfm_field), MFM_REAL, 0, 0, name.c_str(), "nS",
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
        bool all_alpha = true;
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
            c.decay = std::exp(-dt / r.tau);
            c.E_rev = r.E_rev;
            out.first_state[i] = state;
            if (r.shape == MFM_RECEPTOR_EXPONENTIAL) {
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
        }
        return out;
    }

    /// One Poisson train into a port, constants of a block of cells.
    template <class T> struct Stream {
        T lambda, p0, weight; // events a step, e^-lambda, what an event adds
    };

    /// The kernel proper: a block of T::lanes cells over all steps of the batch, state in registers.
    template <class T, int NP, detail::Shapes shapes, class Step>
    MFM_INLINE static void block(const mfm_neuron_batch& b, const Ports& ports, const Step& step, std::uint32_t at) {
        using Mask = typename T::MaskType;
        State<T> s;
        load_fields<T>(
            s, [&](std::size_t i) __attribute__((always_inline)) { return T::load(b.state[i] + at); });
        T g[NP > 0 ? NP : 1], h[NP > 0 ? NP : 1];
        const auto in_use = [&](int p) __attribute__((always_inline)) {
            return NP <= 4 || static_cast<std::uint32_t>(p) < ports.n;
        };
        const auto two_states = [&](int p) __attribute__((always_inline)) {
            return shapes == detail::Shapes::Alpha ||
                   ports.port[static_cast<std::size_t>(p)].shape != MFM_RECEPTOR_EXPONENTIAL;
        };
        for (int p = 0; p < NP; ++p) {
            g[p] = h[p] = T(0.0);
            if (!in_use(p)) continue;
            const std::uint32_t first = ports.first_state[static_cast<std::size_t>(p)];
            g[p] = T::load(b.state[first] + at);
            if (two_states(p)) h[p] = T::load(b.state[first + 1] + at);
        }

        // Broadcast once, not in every step.
        struct Constants {
            T decay, decay_rise, jump, E_rev;
        } constant[NP > 0 ? NP : 1];
        for (int p = 0; p < NP; ++p) {
            const auto& c = ports.port[static_cast<std::size_t>(p)];
            constant[p] = {T(c.decay), T(c.decay_rise), T(c.jump), T(c.E_rev)};
        }
        const T dt(b.dt);

        // Streams of Poisson input, sorted by port.
        Stream<T> streams[detail::max_drives];
        int first_stream[(NP > 0 ? NP : 1) + 1] = {}, n_streams = 0, n_words = 0;
        for (int port = 0; b.drive != nullptr && port < NP; ++port) {
            for (const mfm_drive* const* d = b.drive; *d != nullptr && n_streams < detail::max_drives; ++d) {
                if ((*d)->port != static_cast<std::uint32_t>(port)) continue;
                auto& stream = streams[n_streams++];
                const T rate = (*d)->rate_stride != 0 ? T::load((*d)->rate_hz + at) : T((*d)->rate_hz[0]);
                const T weight = (*d)->weight_stride != 0 ? T::load((*d)->weight + at) : T((*d)->weight[0]);
                stream.lambda = rate * T(1e-3 * b.dt);
                stream.p0 = exp(-stream.lambda);
                stream.weight = weight * T(ports.port[(*d)->port].jump);
                ++n_words;
            }
            first_stream[port + 1] = n_streams;
        }
        // 128 bits a call are four draws; with few draws a step, one call serves several steps.
        const int steps_per_call = n_words == 0 ? 1 : n_words == 1 ? 4 : n_words == 2 ? 2 : 1;
        constexpr int B = static_cast<int>(sizeof(T) / sizeof(typename T::F)), W = T::lanes / B;
        using U = typename detail::Native<W>::U;
        const std::uint64_t key0 = stream_key(b.seed, b.stream),
                            key1 = stream_key(b.seed ^ 0x706f6973736f6eULL, b.stream);
        U cell[B];
        for (int k = 0; k < B; ++k)
            for (int i = 0; i < W; ++i) cell[k][i] = b.first_neuron + at + static_cast<std::uint64_t>(k * W + i);
        U word0[B] = {}, word1[B] = {};
        bool have_words = false;

        Random<T> random(b.seed, b.stream, b.first_neuron + at);
        for (std::uint32_t t = 0; t < b.n_steps; ++t) {
            const std::uint64_t now = b.first_step + t;
            // Synapses: exact propagators over the step.
            Input<T> in{{T(0.0), T(0.0), T(0.0)}, {T(0.0), T(0.0), T(0.0)}};
            for (int p = 0; p < NP; ++p) {
                const auto& c = ports.port[static_cast<std::size_t>(p)];
                const auto add = [&](Synapses<T> & side) __attribute__((always_inline)) {
                    if (shapes == detail::Shapes::Any && c.shape == MFM_RECEPTOR_BIEXPONENTIAL) {
                        const T total = g[p] - h[p];
                        if (c.current)
                            side.current += total;
                        else
                            side.g += total, side.gE += total * constant[p].E_rev;
                    } else if (shapes == detail::Shapes::Any && c.current) {
                        side.current += g[p];
                    } else {
                        side.g += g[p];
                        side.gE += g[p] * constant[p].E_rev;
                    }
                };
                if (!in_use(p)) continue;
                add(in.start);
                if (two_states(p)) {
                    if (shapes == detail::Shapes::Alpha || c.shape == MFM_RECEPTOR_ALPHA) {
                        g[p] = (g[p] + h[p] * dt) * constant[p].decay;
                        h[p] = h[p] * constant[p].decay;
                    } else {
                        g[p] = g[p] * constant[p].decay;
                        h[p] = h[p] * constant[p].decay_rise;
                    }
                } else {
                    g[p] = g[p] * constant[p].decay;
                }
                add(in.end);
            }
            random.at_step(now);
            const Mask spiked = step(s, in, random);

            // What arrives in this step acts after it.
            const auto arrive = [&](int p, const T& amount) __attribute__((always_inline)) {
                const auto& c = ports.port[static_cast<std::size_t>(p)];
                if (shapes == detail::Shapes::Alpha || c.shape == MFM_RECEPTOR_ALPHA)
                    h[p] += amount;
                else if (c.shape == MFM_RECEPTOR_EXPONENTIAL)
                    g[p] += amount;
                else
                    g[p] += amount, h[p] += amount;
            };
            if (b.input != nullptr) {
                for (int p = 0; p < NP; ++p) {
                    if (!in_use(p)) continue;
                    const double* row = b.input[t * ports.n + static_cast<std::uint32_t>(p)];
                    if (row != nullptr) arrive(p, T::load(row + at) * constant[p].jump);
                }
            }
            if (n_streams > 0) {
                int word = steps_per_call > 1
                               ? static_cast<int>(now % static_cast<std::uint64_t>(steps_per_call)) * n_words
                               : 0;
                if (word == 0) have_words = false;
                const auto generate = [&](std::uint64_t call) __attribute__((always_inline)) {
                    for (int k = 0; k < B; ++k) {
                        word0[k] = cell[k];
                        word1[k] = U{} + call;
                        Threefry<W>::words(word0[k], word1[k], key0, key1);
                    }
                    have_words = true;
                };
                const auto uniform = [&]() __attribute__((always_inline)) {
                    if (!have_words || (word % 4 == 0 && word > 0 && steps_per_call == 1))
                        generate((now / static_cast<std::uint64_t>(steps_per_call) << 8) +
                                 static_cast<std::uint64_t>(word / 4));
                    T u;
                    for (int k = 0; k < B; ++k) {
                        const U w = (word & 2) != 0 ? word1[k] : word0[k];
                        const U bits = (((word & 1) != 0 ? w >> 32 : w) & 0xffffffffULL) | 0x4330000000000000ULL;
                        typename T::F f;
                        std::memcpy(&f, &bits, sizeof f);
                        u.v[k] = (f - 4503599627370496.0) * 0x1p-32;
                    }
                    ++word;
                    return u;
                };
                if (steps_per_call == 1) have_words = false;
                for (int p = 0; p < NP; ++p)
                    for (int d = first_stream[p]; d < first_stream[p + 1]; ++d) {
                        const T events = detail::poisson_count(uniform(), streams[d].lambda, streams[d].p0);
                        arrive(p, events * streams[d].weight);
                    }
            }

            if (any(spiked)) {
                for (int i = 0; i < T::lanes; ++i) {
                    const std::uint32_t cell_index = at + static_cast<std::uint32_t>(i);
                    if (!spiked.lane(i) || cell_index >= b.n_live) continue;
                    if (b.spike_count != nullptr) ++b.spike_count[cell_index];
                    if (b.spikes != nullptr && b.spikes->count < b.spikes->capacity) {
                        b.spikes->step[b.spikes->count] = t;
                        b.spikes->neuron[b.spikes->count] = cell_index;
                        ++b.spikes->count;
                    }
                }
            }
        }

        store_fields(
            s, [&](std::size_t i, const T& x) __attribute__((always_inline)) { x.store(b.state[i] + at); });
        for (int p = 0; p < NP; ++p) {
            if (!in_use(p)) continue;
            const std::uint32_t first = ports.first_state[static_cast<std::size_t>(p)];
            g[p].store(b.state[first] + at);
            if (two_states(p)) h[p].store(b.state[first + 1] + at);
        }
    }

    template <class T, int NP, detail::Shapes shapes>
    MFM_INLINE static void run(const mfm_neuron_batch& b, const Ports& ports) {
        bool shared = true;
        for (int i = 0; i < n_settings; ++i) shared = shared && b.setting_stride[i] == 0;
        const auto step = M::prepare(load_parameters<T>(b, 0), b.dt);
        for (std::uint32_t at = 0; at < b.n; at += static_cast<std::uint32_t>(T::lanes)) {
            if (shared)
                block<T, NP, shapes>(b, ports, step, at);
            else
                block<T, NP, shapes>(b, ports, M::prepare(load_parameters<T>(b, at), b.dt), at);
        }
    }

    // One entry per instruction set and kernel; only these carry the target, everything below is inlined into them.
    using Entry = void (*)(const mfm_neuron_batch&, const Ports&);
    template <int NP, detail::Shapes shapes> struct Entries {
        [[gnu::flatten]] static void lanes2(const mfm_neuron_batch& b, const Ports& p) {
            run<Real<2, 1>, NP, shapes>(b, p);
        }
#ifdef __OPTIMIZE__ // without optimisation nothing is inlined, and the instruction sets would not mix
        [[gnu::flatten, gnu::target("avx2")]] static void lanes4(const mfm_neuron_batch& b, const Ports& p) {
            run<Real<4, 1>, NP, shapes>(b, p);
        }
        [[gnu::flatten, gnu::target("avx512f,avx512dq,avx512vl,avx512bw")]] static void
        lanes8(const mfm_neuron_batch& b, const Ports& p) {
            run<Real<8, 1>, NP, shapes>(b, p);
        }
        [[gnu::flatten, gnu::target("avx512f,avx512dq,avx512vl,avx512bw")]] static void
        lanes16(const mfm_neuron_batch& b, const Ports& p) {
            run<Real<8, 2>, NP, shapes>(b, p);
        }
#endif
        static Entry pick(int lanes) {
#ifdef __OPTIMIZE__
            if (lanes >= 16) return &lanes16;
            if (lanes >= 8) return &lanes8;
            if (lanes >= 4) return &lanes4;
#endif
            (void)lanes;
            return &lanes2;
        }
    };
    static Entry entry(const Ports& ports, int lanes) {
        using detail::Shapes;
        if (ports.all_alpha) {
            switch (ports.n) {
            case 0:
            case 1:
                break;
            case 2:
                return Entries<2, Shapes::Alpha>::pick(lanes);
            case 3:
                return Entries<3, Shapes::Alpha>::pick(lanes);
            case 4:
                return Entries<4, Shapes::Alpha>::pick(lanes);
            default:
                break;
            }
        }
        if (ports.n == 2) return Entries<2, Shapes::Any>::pick(lanes);
        return Entries<8, Shapes::Any>::pick(lanes);
    }

    /// Lanes per block: what this processor does best, or what MFM_LANES (2, 4, 8, 16) asks for, as far as it can.
    static int chosen_lanes() {
        static const int lanes = [] {
            int best = 2;
            if (__builtin_cpu_supports("avx2")) best = 4;
            if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
                best = 16;
            if (const char* asked = std::getenv("MFM_LANES")) {
                const int n = std::atoi(asked);
                if (n == 2 || n == 4 || n == 8 || n == 16) best = std::min(best, n);
            }
            return best;
        }();
        return lanes;
    }

    static mfm_status advance(void* self, const mfm_neuron_batch* batch, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const auto& it = *static_cast<const Instance*>(self);
            const Ports ports = port_constants(it, batch->dt);
            if (batch->drive != nullptr) {
                int n = 0;
                for (const mfm_drive* const* d = batch->drive; *d != nullptr; ++d, ++n) {
                    if ((*d)->port >= ports.n)
                        throw std::runtime_error("a Poisson drive names a receptor that the cell does not have");
                    const std::uint32_t n_rates = (*d)->rate_stride != 0 ? batch->n : 1;
                    for (std::uint32_t i = 0; i < n_rates; ++i)
                        if (!((*d)->rate_hz[i] >= 0.0 && (*d)->rate_hz[i] * 1e-3 * batch->dt <= MFM_MOST_EVENTS))
                            throw std::runtime_error("a Poisson drive's rate must lie between 0 and 20 events a step");
                }
                if (n > detail::max_drives) throw std::runtime_error("at most 32 Poisson drives per cell");
            }
            entry(ports, chosen_lanes())(*batch, ports);
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
            constexpr int n = dynamic, inputs = 3, N = n + inputs;
            const std::size_t np = it.receptors.size();
            Parameters<double> plain = it.parameters;
            if (q->setting != nullptr) {
                std::size_t i = 0;
                std::apply([&](const auto&... f) { ((plain.*(f.member) = q->setting[i++]), ...); },
                           Parameters<double>::fields());
            }
            // The ports enter only through g, gE and current, so those three are what is differentiated by.
            double sums[inputs] = {0, 0, 0};
            std::vector<std::array<double, inputs>> weight(np);
            for (std::size_t p = 0; p < np; ++p) {
                const bool current = (it.receptors[p].flags & MFM_RECEPTOR_CURRENT) != 0;
                weight[p] = current ? std::array<double, inputs>{0, 0, 1}
                                    : std::array<double, inputs>{1, it.receptors[p].E_rev, 0};
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
                const Synapses<T> syn{variable(sums[0], n), variable(sums[1], n + 1), variable(sums[2], n + 2)};
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
    static constexpr mfm_interface interfaces[] = {{MFM_NEURON_ID, &table}, {nullptr, nullptr}};

public:
    static constexpr mfm_component component{
        sizeof(mfm_component), 0,       M::id,    M::version, M::summary,           M::citation,
        Fields::list.data(),   &create, &destroy, interfaces, documentation_of<M>()};
};

} // namespace mfm
