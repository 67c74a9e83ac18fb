// SPDX-License-Identifier: Apache-2.0
// One small plugin of every kind, for tests of the pipeline file: settings of every type, and next to no behaviour.
#include <array>

#include <mfm/plugin.hpp>

#include <algorithm>

namespace {

struct Cell {
    static constexpr auto id = "test_cell", version = "1.2.3", summary = "a cell", citation = "";
    struct Settings {
        double C_m, V_th;
        std::int64_t order;
        bool noisy;
        std::string shape;
        static constexpr const char* shapes[] = {"point", "ball", nullptr};
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::C_m, "C_m", "pF", 200., 0., 1e4, "membrane capacitance"}.open_lower().per_neuron(),
                mfm::Field{&S::V_th, "V_th", "mV", -50., -100., 0., "threshold"},
                mfm::Field{&S::order, "order", "1", 2., 1., 5., "order of something"},
                mfm::Field{&S::noisy, "noisy", "1", 0., 0., 1., "whether there is noise"},
                mfm::Field{&S::shape, "shape", shapes, "shape of the cell"}};
        }
    };
    explicit Cell(const Settings& s) {
        if (s.V_th == -99.0) throw mfm::Infeasible("a threshold of -99 mV makes no cell");
    }
};
constexpr mfm_field states[] = {
    {sizeof(mfm_field), MFM_REAL, 0, 0, "V_m", "mV", "potential", -65, -200, 200, nullptr, MFM_ROLE_VOLTAGE},
    {sizeof(mfm_field), MFM_REAL, 0, 0, "rate", "1/ms", "a rate", 0, 0, 1, nullptr, nullptr}};
constexpr const mfm_field* state_list[] = {&states[0], &states[1], nullptr};
struct CellInterfaces {
    static mfm_status set_receptors(void*, std::uint32_t, const mfm_receptor* const*, mfm_error*) noexcept {
        return MFM_OK;
    }
    static mfm_status list_states(void*, const mfm_field* const** fields, std::uint32_t* n_dynamic,
                                  mfm_error*) noexcept {
        *fields = state_list;
        *n_dynamic = 1;
        return MFM_OK;
    }
    static mfm_status batch(void*, const mfm_neuron_batch*, mfm_error*) noexcept { return MFM_OK; }
    static mfm_status subthreshold(void*, const mfm_subthreshold*, mfm_error*) noexcept { return MFM_OK; }
    static constexpr mfm_neuron_v1 table{sizeof(mfm_neuron_v1), 0, &set_receptors, &list_states, &batch, &batch,
                                         &subthreshold};
    static constexpr std::array<mfm_interface, 1> list{{{MFM_NEURON_ID, &table}}};
};

struct Rule {
    static constexpr auto id = "test_rule", version = "1.0.0", summary = "a rule", citation = "";
    struct Settings {
        double p;
        std::string after, table;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::p, "p", "1", 0., 0., 1., "probability of a pair"}.required(),
                              mfm::Field{&S::after, "after", nullptr, "a projection to follow"}.projection_name(),
                              mfm::Field{&S::table, "table", nullptr, "a file of pairs"}.path()};
        }
    };
    explicit Rule(const Settings&) {}
};
struct RuleInterfaces {
    static mfm_status prepare(void*, const mfm_projection*, void**, mfm_error*) noexcept { return MFM_OK; }
    static void release(void*, void*) noexcept {}
    static mfm_status degree(void*, const void*, std::uint64_t, std::uint64_t n, std::uint64_t* degrees,
                             mfm_error*) noexcept {
        std::fill_n(degrees, n, std::uint64_t{0});
        return MFM_OK;
    }
    static mfm_status fill(void*, const void*, std::uint64_t, std::uint64_t, const std::uint64_t*, std::uint32_t*,
                           double*, double*, mfm_error*) noexcept {
        return MFM_OK;
    }
    static constexpr mfm_connectivity_v1 table{
        sizeof(mfm_connectivity_v1), MFM_BY_TARGET, &prepare, &release, &degree, &fill, nullptr};
    static constexpr std::array<mfm_interface, 1> list{{{MFM_CONNECTIVITY_ID, &table}}};
};

struct Protocol {
    static constexpr auto id = "test_protocol", version = "1.0.0", summary = "a protocol", citation = "";
    struct Settings {
        std::vector<double> rate;
        double duration;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::rate, "rate", "Hz", 0., 0., 1e3, "rates"},
                              mfm::Field{&S::duration, "duration", "ms", 100., 0., 1e4, "how long the stimulus lasts"}};
        }
    };
    explicit Protocol(const Settings&) {}
};
struct ProtocolInterfaces {
    static mfm_status count(void*, std::uint32_t* n, mfm_error*) noexcept {
        *n = 1;
        return MFM_OK;
    }
    static mfm_status describe(void*, std::uint32_t, mfm_condition*, mfm_error*) noexcept { return MFM_OK; }
    static mfm_status level(void*, std::uint32_t, double*, mfm_error*) noexcept { return MFM_OK; }
    static mfm_status course(void*, std::uint32_t, double, double, std::uint64_t, double*, mfm_error*) noexcept {
        return MFM_OK;
    }
    static constexpr mfm_stimulation_v1 table{sizeof(mfm_stimulation_v1), 0, &count, &describe, &level, &course};
    static constexpr std::array<mfm_interface, 1> list{{{MFM_STIMULATION_ID, &table}}};
};

struct Basis {
    static constexpr auto id = "test_basis", version = "1.0.0", summary = "a basis", citation = "";
};
struct BasisInterfaces {
    static mfm_status shape(void*, const mfm_field* const**, const mfm_field* const**, mfm_error*) noexcept {
        return MFM_OK;
    }
    static mfm_status guess(void*, const mfm_transfer_batch*, double*, mfm_error*) noexcept { return MFM_OK; }
    static mfm_status evaluate(void*, const mfm_transfer_batch*, mfm_error*) noexcept { return MFM_OK; }
    static constexpr mfm_transfer_v1 table{sizeof(mfm_transfer_v1), 0, &shape, &guess, &evaluate};
    static constexpr std::array<mfm_interface, 1> list{{{MFM_TRANSFER_ID, &table}}};
};

struct Optimizer {
    static constexpr auto id = "test_optimizer", version = "1.0.0", summary = "an optimizer", citation = "";
    struct Settings {
        double tolerance;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::tolerance, "tolerance", "1", 1e-6, 0., 1., "when to stop"}.open_lower()};
        }
    };
    explicit Optimizer(const Settings&) {}
};
struct OptimizerInterfaces {
    static mfm_status solve(void*, const mfm_problem*, mfm_solution*, mfm_error*) noexcept { return MFM_OK; }
    static constexpr mfm_optimizer_v1 table{sizeof(mfm_optimizer_v1), 0, &solve};
    static constexpr std::array<mfm_interface, 1> list{{{MFM_OPTIMIZER_ID, &table}}};
};

} // namespace

MFM_PLUGIN("tests", mfm::ComponentOf<Cell, CellInterfaces>, mfm::ComponentOf<Rule, RuleInterfaces>,
           mfm::ComponentOf<Protocol, ProtocolInterfaces>, mfm::ComponentOf<Basis, BasisInterfaces>,
           mfm::ComponentOf<Optimizer, OptimizerInterfaces>);
