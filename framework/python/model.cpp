// SPDX-License-Identifier: Apache-2.0
#include "meanfield/fixed_points.hpp"
#include "pipeline/conditions.hpp"
#include "python/bindings.hpp"
#include "python/nodes.hpp"
#include "python/opened_run.hpp"
#include "python/population_transfer.hpp"

namespace mfm {
namespace {

namespace py = pybind11;
using namespace py::literals;

void warn(const std::string& sentence) {
    if (PyErr_WarnEx(PyExc_UserWarning, sentence.c_str(), 2) != 0) throw py::error_already_set();
}

py::ssize_t length(std::size_t n) {
    return static_cast<py::ssize_t>(n);
}

/// Nodes with what Python needs to know of the pipeline that they are of.
struct Model {
    std::unique_ptr<Nodes> nodes;
    std::vector<double> own_rates; ///< [external] Hz

    [[nodiscard]] std::vector<py::ssize_t> shape() const {
        return {length(nodes->size()), length(nodes->model().internal().size())};
    }
    [[nodiscard]] std::vector<std::string> names(const std::vector<std::size_t>& of) const {
        std::vector<std::string> out;
        for (const std::size_t p : of) out.push_back(nodes->model().populations()[p].name);
        return out;
    }
    void tell() const {
        for (const std::string& sentence : nodes->new_excursions()) warn(sentence);
    }
};

/// Without Python's lock: other threads may go on meanwhile.
template <class Work> auto unlocked(Work&& work) {
    const py::gil_scoped_release release;
    return work();
}

std::unique_ptr<Model> make_model(const OpenedRun& run, const std::vector<std::string>& set, std::size_t nodes,
                                  unsigned threads) {
    Warnings warnings;
    auto out = std::make_unique<Model>();
    unlocked([&] {
        const PipelineConfig config = run.changed(set);
        out->nodes = std::make_unique<Nodes>(run.model(config, warnings), nodes, threads);
        out->own_rates = external_rates(config, out->nodes->model(), no_stimulation, 0.0);
    });
    for (const std::string& line : warnings.lines) warn(line);
    return out;
}

py::list fixed_points_of(const Model& model, const Array& input, const std::vector<std::vector<double>>& starts) {
    const MeanFieldModel& m = model.nodes->model();
    const std::span<const double> external = values_of(input);
    if (external.size() != m.external().size())
        throw InputError("fixed points need one rate for each of the model's inputs");
    std::vector<std::vector<double>> from; // rates of all populations
    for (const std::vector<double>& start : starts) {
        from.emplace_back(m.populations().size(), 0.0);
        for (std::size_t k = 0; k < m.internal().size(); ++k) from.back()[m.internal()[k]] = start.at(k);
    }
    const std::vector<FixedPoint> points = unlocked([&] { return fixed_points(m, external, from); });
    py::list out;
    for (const FixedPoint& point : points) {
        std::vector<double> rates;
        std::vector<char> outside(m.internal().size(), 0);
        for (std::size_t k = 0; k < m.internal().size(); ++k) {
            rates.push_back(point.rate_hz[m.internal()[k]]);
            for (const std::size_t p : point.outside) outside[k] = outside[k] != 0 || p == m.internal()[k] ? 1 : 0;
        }
        out.append(
            py::make_tuple(as_array(rates, {length(rates.size())}), point.stable_with_delays,
                           as_array(point.eigenvalues_with_delays, {length(point.eigenvalues_with_delays.size())}),
                           as_array(outside, {length(outside.size())}), point.largest_FT));
    }
    return out;
}

Array run_model(Model& model, double dt, std::size_t steps, const Array& input, bool linear) {
    const std::size_t n = model.nodes->size(), P = model.nodes->model().internal().size();
    Array rates({length(steps), length(n), length(P)});
    const std::span<double> out(rates.mutable_data(), steps * n * P);
    const std::span<const double> external = values_of(input);
    unlocked([&] {
        model.nodes->run(dt, steps, external, linear, out, [] {
            const py::gil_scoped_acquire locked;
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        });
    });
    model.tell();
    return rates;
}

py::tuple values_in(const TransferValues& v) {
    const std::vector<py::ssize_t> shape{length(v.rate_hz.size())};
    return py::make_tuple(as_array(v.rate_hz, shape), as_array(v.inside, shape), as_array(v.mu_V, shape),
                          as_array(v.sigma_V, shape), as_array(v.tau_V, shape), as_array(v.G_e, shape),
                          as_array(v.G_i, shape));
}

void bind_transfer(py::module_& module) {
    py::class_<PopulationTransfer>(module, "PopulationTransfer")
        .def(py::init<const OpenedRun&, const std::string&>(), "run"_a, "population"_a, py::keep_alive<1, 2>())
        .def("pathways", &PopulationTransfer::pathways)
        .def("sources", &PopulationTransfer::sources)
        .def("in_degrees", &PopulationTransfer::in_degrees)
        .def("basis", [](const PopulationTransfer& t) { return t.fit().basis; })
        .def("coefficients",
             [](const PopulationTransfer& t) {
                 py::dict out;
                 for (std::size_t k = 0; k < t.fit().value.size(); ++k)
                     out[py::str(t.fit().coefficients[k])] = t.fit().value[k];
                 return out;
             })
        .def("domain",
             [](const PopulationTransfer& t) {
                 py::dict out;
                 for (std::size_t k = 0; k < t.fit().inputs.size(); ++k)
                     out[py::str(t.fit().inputs[k])] = py::make_tuple(t.fit().lower[k], t.fit().upper[k]);
                 return out;
             })
        .def(
            "at",
            [](const PopulationTransfer& t, const Array& rates, bool averaged) {
                return values_in(unlocked([&] { return t.at(values_of(rates), averaged); }));
            },
            "rates"_a, "averaged"_a)
        .def(
            "at_inputs",
            [](const PopulationTransfer& t, const Array& inputs) {
                const TransferValues v = unlocked([&] { return t.at_inputs(values_of(inputs)); });
                const std::vector<py::ssize_t> shape{length(v.rate_hz.size())};
                return py::make_tuple(as_array(v.rate_hz, shape), as_array(v.inside, shape));
            },
            "inputs"_a);
}

} // namespace

void bind_model(py::module_& module) {
    py::class_<OpenedRun>(module, "OpenedRun")
        .def(py::init([](const std::filesystem::path& folder, const std::vector<std::filesystem::path>& plugin_path) {
                 auto run = unlocked([&] { return std::make_unique<OpenedRun>(folder, plugin_path); });
                 for (const std::string& line : run->warnings()) warn(line);
                 return run;
             }),
             "folder"_a, "plugin_path"_a);
    bind_transfer(module);
    py::class_<Model>(module, "Nodes")
        .def(py::init(&make_model), "run"_a, "set"_a, "nodes"_a, "threads"_a, py::keep_alive<1, 2>())
        .def(
            "copies",
            [](const Model& m, std::size_t nodes) {
                auto out = std::make_unique<Model>();
                out->nodes = m.nodes->copies(nodes);
                out->own_rates = m.own_rates;
                return out;
            },
            "nodes"_a, py::keep_alive<0, 1>())
        .def("size", [](const Model& m) { return m.nodes->size(); })
        .def("populations", [](const Model& m) { return m.names(m.nodes->model().internal()); })
        .def("inputs", [](const Model& m) { return m.names(m.nodes->model().external()); })
        .def("own_rates", [](const Model& m) { return m.own_rates; })
        .def(
            "settle", [](Model& m, const Array& input) { unlocked([&] { m.nodes->settle(values_of(input)); }); },
            "input"_a)
        .def(
            "start",
            [](Model& m, const Array& input, const Array& rates) {
                unlocked([&] { m.nodes->start(values_of(input), values_of(rates)); });
            },
            "input"_a, "rates"_a)
        .def(
            "step",
            [](Model& m, double dt, const Array& input) {
                unlocked([&] { m.nodes->step(dt, values_of(input)); });
                m.tell();
            },
            "dt"_a, "input"_a)
        .def("run", &run_model, "dt"_a, "steps"_a, "input"_a, "linear"_a)
        .def("time", [](const Model& m) { return m.nodes->time(); })
        .def("rates", [](const Model& m) { return as_array(m.nodes->rates(), m.shape()); })
        .def("adaptation", [](const Model& m) { return as_array(m.nodes->adaptation(), m.shape()); })
        .def("outside", [](const Model& m) { return as_array(m.nodes->outside(), m.shape()); })
        .def("state",
             [](const Model& m) {
                 const std::vector<double> y = m.nodes->state();
                 return as_array(y, {length(m.nodes->size()), length(y.size() / m.nodes->size())});
             })
        .def("state_names",
             [](const Model& m) {
                 const Dynamics dynamics(m.nodes->model());
                 std::vector<std::string> out;
                 for (std::size_t i = 0; i < dynamics.size(); ++i) out.push_back(dynamics.state_name(i));
                 return out;
             })
        .def("fixed_points", &fixed_points_of, "input"_a, "starts"_a)
        .def("statistics", [](const Model& m) {
            const IntegrationStatistics s = m.nodes->statistics();
            return py::dict("steps"_a = s.steps, "derivatives"_a = s.derivatives, "jacobians"_a = s.jacobians,
                            "error_test_failures"_a = s.error_test_failures, "newton_failures"_a = s.newton_failures,
                            "restarts"_a = s.restarts);
        });
}

} // namespace mfm
