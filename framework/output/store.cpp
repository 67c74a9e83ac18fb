// SPDX-License-Identifier: Apache-2.0
#include "output/store.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "support/version.hpp"

namespace mfm {
namespace {

FileStamp stamp_of(const char* stage, const std::string& hash) {
    return {automfm_version(), stage, hash};
}

/// Opens a file that must hold this stage, made from these inputs.
Hdf5Reader open_stage(const std::filesystem::path& file, const char* stage, const std::string& hash) {
    Hdf5Reader in(file);
    if (in.stamp().stage != stage)
        throw InputError("the file '" + file.string() + "' holds the stage '" + in.stamp().stage + "', not '" + stage +
                         "'");
    if (in.stamp().hash != hash)
        throw InputError("the file '" + file.string() + "' was made from other inputs (its hash is " + in.stamp().hash +
                         ", not " + hash + "); run the stage '" + stage + "' again");
    return in;
}

/// Every length in a file is used to index something: a mismatch means another program wrote it.
void expect_length(const std::filesystem::path& file, const std::string& what, std::size_t found,
                   std::size_t expected) {
    if (found != expected) throw DamagedFile(file, fmt::format("{} has {} values, not {}", what, found, expected));
}

std::string numbered(const char* folder, std::size_t i) {
    return fmt::format("{}/{:04}", folder, i);
}

/// A column of a vector of structs.
template <class T, class Rows, class Get> std::vector<T> column(const Rows& rows, Get get) {
    std::vector<T> out;
    out.reserve(rows.size());
    for (const auto& row : rows) out.push_back(static_cast<T>(get(row)));
    return out;
}

} // namespace

Stored stored_state(const std::filesystem::path& file, const std::string& hash) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return Stored::Missing;
    try {
        return read_stamp(file).hash == hash ? Stored::Ready : Stored::Other;
    } catch (const InputError&) {
        return Stored::Other;
    }
}

// ---- Network ----------------------------------------------------------------------------------------------------

void save_network(const std::filesystem::path& file, const Network& network, const std::string& hash) {
    Hdf5Writer out(stamp_of("network", hash));
    out.attribute("/", "network_hash", network.hash);
    std::vector<double> box(network.lower.begin(), network.lower.end());
    box.insert(box.end(), network.upper.begin(), network.upper.end());
    out.write("/box", box, "um", {2, 3});
    out.write("/population_names", column<std::string>(network.populations, [](const auto& p) { return p.name; }));
    out.group("/populations");
    for (const auto& p : network.populations) {
        const std::string at = "/populations/" + link_name(p.name);
        out.group(at);
        out.attribute(at, "n", p.n);
        std::vector<double> position;
        for (const auto& axis : p.position) position.insert(position.end(), axis.begin(), axis.end());
        out.write(at + "/position", position, "um", {3, p.position[0].size()});
    }
    out.write("/projection_names", column<std::string>(network.projections, [](const auto& p) { return p.name; }));
    out.group("/projections");
    for (const auto& p : network.projections) {
        const std::string at = "/projections/" + link_name(p.name);
        out.group(at);
        out.attribute(at, "source", network.populations.at(p.source).name);
        out.attribute(at, "target", network.populations.at(p.target).name);
        out.attribute(at, "source_index", std::uint64_t{p.source});
        out.attribute(at, "target_index", std::uint64_t{p.target});
        out.attribute(at, "port", std::uint64_t{p.port});
        out.write(at + "/row", p.row, "1");
        out.write(at + "/to", p.to, "1");
        out.write(at + "/contacts", p.contacts, "1");
        out.write(at + "/weight_per_contact", std::vector{p.weight}, "nS (pA on a current port)");
        out.write(at + "/weights", p.weights, "nS (pA on a current port)");
        out.write(at + "/delay", std::vector{p.delay}, "ms");
        out.write(at + "/delays", p.delays, "ms");
    }
    out.save(file);
}

Network load_network(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "network", hash);
    Network network;
    network.hash = in.text("/", "network_hash");
    const auto box = in.read<double>("/box");
    expect_length(file, "the box", box.size(), 6);
    for (std::size_t i = 0; i < 3; ++i) {
        network.lower[i] = box[i];
        network.upper[i] = box[3 + i];
    }
    for (const auto& name : in.texts("/population_names")) {
        const std::string at = "/populations/" + link_name(name);
        Population p;
        p.name = name;
        p.n = in.integer(at, "n");
        const auto position = in.read<double>(at + "/position");
        if (!position.empty()) expect_length(file, "the positions of " + name, position.size(), 3 * p.n);
        const auto third = static_cast<std::ptrdiff_t>(position.size() / 3);
        for (std::ptrdiff_t i = 0; i < 3; ++i)
            p.position[static_cast<std::size_t>(i)].assign(position.begin() + i * third,
                                                           position.begin() + (i + 1) * third);
        network.populations.push_back(std::move(p));
    }
    for (const auto& name : in.texts("/projection_names")) {
        const std::string at = "/projections/" + link_name(name);
        Projection p;
        p.name = name;
        p.source = in.integer(at, "source_index");
        p.target = in.integer(at, "target_index");
        p.port = static_cast<std::uint32_t>(in.integer(at, "port"));
        p.row = in.read<std::uint64_t>(at + "/row");
        p.to = in.read<std::uint32_t>(at + "/to");
        p.contacts = in.read<float>(at + "/contacts");
        p.weights = in.read<double>(at + "/weights");
        p.delays = in.read<double>(at + "/delays");
        const auto weight = in.read<double>(at + "/weight_per_contact"), delay = in.read<double>(at + "/delay");
        expect_length(file, "the weight of " + name, weight.size(), 1);
        expect_length(file, "the delay of " + name, delay.size(), 1);
        p.weight = weight[0];
        p.delay = delay[0];
        const std::size_t n = p.to.size();
        if (p.source >= network.populations.size() || p.target >= network.populations.size())
            throw DamagedFile(file, "the projection " + name + " joins populations that do not exist");
        for (const auto& [what, length] :
             {std::pair{"contacts", p.contacts.size()}, {"weights", p.weights.size()}, {"delays", p.delays.size()}})
            if (length != 0) expect_length(file, std::string("the ") + what + " of " + name, length, n);
        network.projections.push_back(std::move(p));
    }
    return network;
}

// ---- SpikeRecord ------------------------------------------------------------------------------------------------

namespace {

/// The numbers every population has, one dataset each over all populations of a condition.
struct ActivityColumn {
    const char* name;
    const char* unit;
    double PopulationActivity::*member;
};
constexpr ActivityColumn activity_columns[] = {
    {"rate_hz", "Hz", &PopulationActivity::rate_hz},
    {"rate_se_hz", "Hz", &PopulationActivity::rate_se_hz},
    {"rate_firing_hz", "Hz", &PopulationActivity::rate_firing_hz},
    {"rate_sd_hz", "Hz", &PopulationActivity::rate_sd_hz},
    {"rate_sd_firing_hz", "Hz", &PopulationActivity::rate_sd_firing_hz},
    {"firing_fraction", "1", &PopulationActivity::firing_fraction},
    {"fano", "1", &PopulationActivity::fano},
    {"correlation", "1", &PopulationActivity::correlation},
    {"cv_isi", "1", &PopulationActivity::cv_isi},
};
struct ActivitySeries {
    const char* name;
    const char* unit;
    std::vector<double> PopulationActivity::*member;
};
constexpr ActivitySeries activity_series[] = {
    {"cell_rate_hz", "Hz", &PopulationActivity::cell_rate_hz},
    {"course_hz", "Hz", &PopulationActivity::course_hz},
    {"course_se_hz", "Hz", &PopulationActivity::course_se_hz},
    {"spike_time", "ms", &PopulationActivity::spike_time},
};
struct ConditionNumber {
    const char* name;
    double ConditionRecord::*member;
};
constexpr ConditionNumber condition_numbers[] = {
    {"level_hz", &ConditionRecord::level_hz},
    {"duration_ms", &ConditionRecord::duration},
    {"transient_ms", &ConditionRecord::transient},
    {"course_bin_ms", &ConditionRecord::course_bin},
    {"onset_ms", &ConditionRecord::onset},
    {"offset_ms", &ConditionRecord::offset},
    {"frequency_hz", &ConditionRecord::frequency_hz},
};

} // namespace

void save_spike_record(const std::filesystem::path& file, const SpikeRecord& record,
                       std::span<const std::string> populations, const std::string& hash) {
    Hdf5Writer out(stamp_of("spikes", hash));
    const std::size_t n = populations.size();
    out.write("/population_names", std::vector<std::string>(populations.begin(), populations.end()));
    out.attribute("/", "conditions", std::uint64_t{record.conditions.size()});
    out.group("/conditions");
    for (std::size_t i = 0; i < record.conditions.size(); ++i) {
        const auto& c = record.conditions[i];
        if (c.population.size() != n)
            throw std::logic_error("a condition's populations and their names differ in number");
        const std::string at = numbered("/conditions", i);
        out.group(at);
        out.attribute(at, "stimulation", c.stimulation);
        out.attribute(at, "label", c.label);
        out.attribute(at, "condition", std::uint64_t{c.condition});
        out.attribute(at, "stationary", std::uint64_t{c.stationary});
        out.attribute(at, "trials", std::uint64_t{c.trials});
        for (const auto& number : condition_numbers) out.attribute(at, number.name, c.*number.member);
        out.write(at + "/stimulus_hz", c.stimulus_hz, "Hz");
        const bool square = c.count_covariance.size() == n * n;
        out.write(at + "/count_covariance", c.count_covariance, "1",
                  square ? std::vector<std::size_t>{n, n} : std::vector<std::size_t>{});
        for (const auto& number : activity_columns)
            out.write(at + "/" + number.name,
                      column<double>(c.population, [&](const auto& p) { return p.*number.member; }), number.unit);
        for (std::size_t p = 0; p < n; ++p) {
            const std::string in_population = at + "/populations/" + link_name(populations[p]);
            for (const auto& series : activity_series)
                out.write(in_population + "/" + series.name, c.population[p].*series.member, series.unit);
            out.write(in_population + "/spike_cell", c.population[p].spike_cell, "1");
        }
    }
    out.save(file);
}

SpikeRecord load_spike_record(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "spikes", hash);
    const auto populations = in.texts("/population_names");
    SpikeRecord record;
    record.conditions.resize(in.integer("/", "conditions"));
    for (std::size_t i = 0; i < record.conditions.size(); ++i) {
        auto& c = record.conditions[i];
        const std::string at = numbered("/conditions", i);
        c.stimulation = in.text(at, "stimulation");
        c.label = in.text(at, "label");
        c.condition = static_cast<std::uint32_t>(in.integer(at, "condition"));
        c.stationary = in.integer(at, "stationary") != 0;
        c.trials = static_cast<std::uint32_t>(in.integer(at, "trials"));
        for (const auto& number : condition_numbers) c.*number.member = in.real(at, number.name);
        c.stimulus_hz = in.read<double>(at + "/stimulus_hz");
        c.count_covariance = in.read<double>(at + "/count_covariance");
        c.population.resize(populations.size());
        for (const auto& number : activity_columns) {
            const auto values = in.read<double>(at + "/" + number.name);
            expect_length(file, number.name, values.size(), populations.size());
            for (std::size_t p = 0; p < values.size(); ++p) c.population[p].*number.member = values[p];
        }
        for (std::size_t p = 0; p < populations.size(); ++p) {
            const std::string in_population = at + "/populations/" + link_name(populations[p]);
            for (const auto& series : activity_series)
                c.population[p].*series.member = in.read<double>(in_population + "/" + series.name);
            c.population[p].spike_cell = in.read<std::uint32_t>(in_population + "/spike_cell");
        }
    }
    return record;
}

// ---- Reduction --------------------------------------------------------------------------------------------------

void save_reduction(const std::filesystem::path& file, const Reduction& reduction, const std::string& hash) {
    Hdf5Writer out(stamp_of("reduction", hash));
    const auto& populations = reduction.populations;
    out.write("/populations/name", column<std::string>(populations, [](const auto& p) { return p.name; }));
    out.write("/populations/network_index",
              column<std::uint64_t>(populations, [](const auto& p) { return p.network_index; }), "1");
    out.write("/populations/n", column<std::uint64_t>(populations, [](const auto& p) { return p.n; }), "1");
    out.write("/populations/external", column<std::uint8_t>(populations, [](const auto& p) { return p.external; }),
              "1");
    out.attribute("/", "pathways", std::uint64_t{reduction.pathways.size()});
    out.group("/pathways");
    for (std::size_t i = 0; i < reduction.pathways.size(); ++i) {
        const auto& w = reduction.pathways[i];
        const bool current = (w.receptor.flags & MFM_RECEPTOR_CURRENT) != 0;
        const std::string at = numbered("/pathways", i);
        out.group(at);
        out.attribute(at, "name", w.name);
        out.attribute(at, "source", populations.at(w.source).name);
        out.attribute(at, "target", populations.at(w.target).name);
        out.attribute(at, "source_index", std::uint64_t{w.source});
        out.attribute(at, "target_index", std::uint64_t{w.target});
        out.attribute(at, "port", std::uint64_t{w.port});
        out.attribute(at, "receptor_shape", std::uint64_t{w.receptor.shape});
        out.attribute(at, "receptor_flags", std::uint64_t{w.receptor.flags});
        out.attribute(at, "receptor_size", std::uint64_t{w.receptor.size});
        out.write(at + "/tau", std::vector{w.receptor.tau}, "ms");
        out.write(at + "/tau_rise", std::vector{w.receptor.tau_rise}, "ms");
        out.write(at + "/E_rev", std::vector{w.receptor.E_rev}, "mV");
        out.write(at + "/K", std::vector{w.K}, "1");
        out.write(at + "/K_sd", std::vector{w.K_sd}, "1");
        out.write(at + "/Q", std::vector{w.Q}, current ? "pA" : "nS");
        out.write(at + "/delay", std::vector{w.delay}, "ms");
        out.write(at + "/source_fraction", std::vector{w.source_fraction}, "1");
        out.write(at + "/in_degree", w.in_degree, "1");
        const std::string derived = at + "/derived";
        out.write(derived + "/name", column<std::string>(w.derived, [](const auto& d) { return d.name; }));
        out.write(derived + "/value_unit", column<std::string>(w.derived, [](const auto& d) { return d.unit; }));
        out.write(derived + "/formula", column<std::string>(w.derived, [](const auto& d) { return d.formula; }));
        out.write(derived + "/value", column<double>(w.derived, [](const auto& d) { return d.value; }),
                  "as in value_unit");
        std::vector<std::uint32_t> of;
        std::vector<std::string> convention;
        std::vector<double> value;
        for (std::size_t d = 0; d < w.derived.size(); ++d)
            for (const auto& [name, number] : w.derived[d].alternatives) {
                of.push_back(static_cast<std::uint32_t>(d));
                convention.push_back(name);
                value.push_back(number);
            }
        out.write(derived + "/alternative_of", of, "1");
        out.write(derived + "/alternative_name", convention);
        out.write(derived + "/alternative_value", value, "as in value_unit");
    }
    out.save(file);
}

Reduction load_reduction(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "reduction", hash);
    Reduction reduction;
    const auto names = in.texts("/populations/name");
    const auto index = in.read<std::uint64_t>("/populations/network_index"),
               n = in.read<std::uint64_t>("/populations/n");
    const auto external = in.read<std::uint8_t>("/populations/external");
    for (std::size_t length : {index.size(), n.size(), external.size()})
        expect_length(file, "the populations", length, names.size());
    for (std::size_t p = 0; p < names.size(); ++p)
        reduction.populations.push_back({names[p], index[p], n[p], external[p] != 0});
    reduction.pathways.resize(in.integer("/", "pathways"));
    for (std::size_t i = 0; i < reduction.pathways.size(); ++i) {
        auto& w = reduction.pathways[i];
        const std::string at = numbered("/pathways", i);
        const auto one = [&](const char* name) {
            const auto value = in.read<double>(at + "/" + name);
            expect_length(file, name, value.size(), 1);
            return value[0];
        };
        w.name = in.text(at, "name");
        w.source = in.integer(at, "source_index");
        w.target = in.integer(at, "target_index");
        if (w.source >= names.size() || w.target >= names.size())
            throw DamagedFile(file, "the pathway " + w.name + " joins populations that do not exist");
        w.port = static_cast<std::uint32_t>(in.integer(at, "port"));
        w.receptor.shape = static_cast<std::uint32_t>(in.integer(at, "receptor_shape"));
        w.receptor.flags = static_cast<std::uint32_t>(in.integer(at, "receptor_flags"));
        w.receptor.size = static_cast<std::uint32_t>(in.integer(at, "receptor_size"));
        w.receptor.tau = one("tau");
        w.receptor.tau_rise = one("tau_rise");
        w.receptor.E_rev = one("E_rev");
        w.K = one("K");
        w.K_sd = one("K_sd");
        w.Q = one("Q");
        w.delay = one("delay");
        w.source_fraction = one("source_fraction");
        w.in_degree = in.read<float>(at + "/in_degree");
        const std::string derived = at + "/derived";
        const auto name = in.texts(derived + "/name"), unit = in.texts(derived + "/value_unit"),
                   formula = in.texts(derived + "/formula");
        const auto value = in.read<double>(derived + "/value");
        for (std::size_t length : {unit.size(), formula.size(), value.size()})
            expect_length(file, "the derived numbers of " + w.name, length, name.size());
        for (std::size_t d = 0; d < name.size(); ++d) w.derived.push_back({name[d], unit[d], formula[d], value[d], {}});
        const auto of = in.read<std::uint32_t>(derived + "/alternative_of");
        const auto convention = in.texts(derived + "/alternative_name");
        const auto number = in.read<double>(derived + "/alternative_value");
        for (std::size_t length : {convention.size(), number.size()})
            expect_length(file, "the alternatives of " + w.name, length, of.size());
        for (std::size_t a = 0; a < of.size(); ++a) {
            if (of[a] >= w.derived.size())
                throw DamagedFile(file, "an alternative of " + w.name + " belongs to no number");
            w.derived[of[a]].alternatives.emplace_back(convention[a], number[a]);
        }
    }
    return reduction;
}

// ---- TransferTable ----------------------------------------------------------------------------------------------

namespace {

struct PointColumn {
    const char* name;
    const char* unit;
    double TransferPoint::*member;
};
constexpr PointColumn point_columns[] = {
    {"G_e", "nS", &TransferPoint::G_e},
    {"G_i", "nS", &TransferPoint::G_i},
    {"I", "pA", &TransferPoint::I},
    {"rate_hz", "Hz", &TransferPoint::rate_hz},
    {"se_hz", "Hz", &TransferPoint::se_hz},
    {"cv_isi", "1", &TransferPoint::cv_isi},
    {"mean_adaptation", "pA", &TransferPoint::mean_adaptation},
    {"seconds", "s", &TransferPoint::seconds},
};

} // namespace

void save_transfer_tables(const std::filesystem::path& file, std::span<const TransferTable> tables,
                          const std::string& hash) {
    Hdf5Writer out(stamp_of("transfer", hash));
    out.write("/population_names", column<std::string>(tables, [](const auto& t) { return t.population; }));
    out.group("/tables");
    for (const auto& table : tables) {
        const std::string at = "/tables/" + link_name(table.population);
        const std::size_t pathways = table.points.empty() ? 0 : table.points.front().nu.size();
        std::vector<double> nu;
        for (const auto& point : table.points) {
            if (point.nu.size() != pathways)
                throw std::logic_error("the points of '" + table.population + "' have different numbers of pathways");
            nu.insert(nu.end(), point.nu.begin(), point.nu.end());
        }
        out.write(at + "/nu", nu, "Hz", {table.points.size(), pathways});
        for (const auto& c : point_columns)
            out.write(at + "/" + c.name, column<double>(table.points, [&](const auto& p) { return p.*c.member; }),
                      c.unit);
        out.write(at + "/use", column<std::uint8_t>(table.points, [](const auto& p) { return p.use; }), "1");
        out.attribute(at, "pathways", std::uint64_t{pathways});
        out.attribute(at + "/use", "values", "0 working, 1 wide, 2 held out, 3 current, 4 operating point");
    }
    out.save(file);
}

std::vector<TransferTable> load_transfer_tables(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "transfer", hash);
    std::vector<TransferTable> tables;
    for (const auto& name : in.texts("/population_names")) {
        const std::string at = "/tables/" + link_name(name);
        TransferTable table;
        table.population = name;
        const auto nu = in.read<double>(at + "/nu");
        const auto use = in.read<std::uint8_t>(at + "/use");
        const auto pathways = in.integer(at, "pathways");
        table.points.resize(use.size());
        expect_length(file, "the inputs of " + name, nu.size(), pathways * use.size());
        for (std::size_t i = 0; i < use.size(); ++i) {
            const auto first = nu.begin() + static_cast<std::ptrdiff_t>(i * pathways);
            table.points[i].nu.assign(first, first + static_cast<std::ptrdiff_t>(pathways));
            if (use[i] > static_cast<std::uint8_t>(TransferPoint::Use::OperatingPoint))
                throw DamagedFile(file, "a point of " + name + " has an unknown use");
            table.points[i].use = static_cast<TransferPoint::Use>(use[i]);
        }
        for (const auto& c : point_columns) {
            const auto values = in.read<double>(at + "/" + c.name);
            expect_length(file, c.name, values.size(), table.points.size());
            for (std::size_t i = 0; i < values.size(); ++i) table.points[i].*c.member = values[i];
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

// ---- MeanFieldResults -------------------------------------------------------------------------------------------

void save_mean_field(const std::filesystem::path& file, const MeanFieldResults& results, const std::string& hash) {
    Hdf5Writer out(stamp_of("mean_field", hash));
    out.write("/population_names", results.populations);
    out.attribute("/", "conditions", std::uint64_t{results.conditions.size()});
    out.group("/conditions");
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        const auto& c = results.conditions[i];
        const std::string at = numbered("/conditions", i);
        out.group(at);
        out.attribute(at, "stimulation", c.stimulation);
        out.attribute(at, "label", c.label);
        out.attribute(at, "condition", std::uint64_t{c.condition});
        out.attribute(at, "stationary", std::uint64_t{c.stationary});
        out.attribute(at, "level_hz", c.level_hz);
        out.attribute(at, "fixed_point", static_cast<std::uint64_t>(c.fixed_point));
        out.attribute(at, "failure", c.failure);
        out.write(at + "/rate_hz", c.rate_hz, "Hz");
        out.write(at + "/mean_k_rate_hz", c.mean_k_rate_hz, "Hz");
        out.write(at + "/eigenvalue_real", c.eigenvalue_real, "1/ms");
        out.write(at + "/eigenvalue_imag", c.eigenvalue_imag, "1/ms");
        out.write(at + "/time_ms", c.time_ms, "ms");
        std::vector<double> courses;
        for (const auto& course : c.course_hz) {
            if (course.size() != c.time_ms.size())
                throw std::logic_error("a mean-field course and its times differ in length");
            courses.insert(courses.end(), course.begin(), course.end());
        }
        out.write(at + "/course_hz", courses, "Hz", {c.course_hz.size(), c.time_ms.size()});
        out.attribute(at + "/course_hz", "courses", std::uint64_t{c.course_hz.size()});
        out.write(at + "/outside_domain", c.outside_domain, "1");
        out.write(at + "/largest_F_T", c.largest_F_T, "1");
    }
    out.save(file);
}

MeanFieldResults load_mean_field(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "mean_field", hash);
    MeanFieldResults results;
    results.populations = in.texts("/population_names");
    results.conditions.resize(in.integer("/", "conditions"));
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        auto& c = results.conditions[i];
        const std::string at = numbered("/conditions", i);
        c.stimulation = in.text(at, "stimulation");
        c.label = in.text(at, "label");
        c.condition = static_cast<std::uint32_t>(in.integer(at, "condition"));
        c.stationary = in.integer(at, "stationary") != 0;
        c.level_hz = in.real(at, "level_hz");
        const auto fixed_point = in.integer(at, "fixed_point");
        if (fixed_point > static_cast<std::uint64_t>(FixedPointState::NotFound))
            throw DamagedFile(file, "a fixed point is of no known kind");
        c.fixed_point = static_cast<FixedPointState>(fixed_point);
        c.failure = in.text(at, "failure");
        c.rate_hz = in.read<double>(at + "/rate_hz");
        c.mean_k_rate_hz = in.read<double>(at + "/mean_k_rate_hz");
        c.eigenvalue_real = in.read<double>(at + "/eigenvalue_real");
        c.eigenvalue_imag = in.read<double>(at + "/eigenvalue_imag");
        c.time_ms = in.read<double>(at + "/time_ms");
        c.outside_domain = in.read<double>(at + "/outside_domain");
        c.largest_F_T = in.read<double>(at + "/largest_F_T");
        const auto courses = in.read<double>(at + "/course_hz");
        c.course_hz.resize(in.integer(at + "/course_hz", "courses"));
        expect_length(file, "the courses", courses.size(), c.course_hz.size() * c.time_ms.size());
        const auto n = static_cast<std::ptrdiff_t>(c.time_ms.size());
        for (std::size_t p = 0; p < c.course_hz.size(); ++p) {
            const auto first = courses.begin() + static_cast<std::ptrdiff_t>(p) * n;
            c.course_hz[p].assign(first, first + n);
        }
    }
    return results;
}

} // namespace mfm
