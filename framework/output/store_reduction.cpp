// SPDX-License-Identifier: Apache-2.0
#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {

void save_reduction(const std::filesystem::path& file, const Reduction& reduction, const std::string& hash) {
    Hdf5Writer out(stamp_of("reduction", hash));
    const auto& populations = reduction.populations;
    out.write("/populations/name", column<std::string>(populations, [](const auto& p) { return p.name; }));
    out.write("/populations/network_index",
              column<std::uint64_t>(populations, [](const auto& p) { return p.network_index; }), "1");
    out.write("/populations/n", column<std::uint64_t>(populations, [](const auto& p) { return p.n; }), "1");
    out.write("/populations/external", column<std::uint8_t>(populations, [](const auto& p) { return p.external; }),
              "1");
    out.write("/populations/drive", column<std::uint8_t>(populations, [](const auto& p) { return p.drive; }), "1");
    out.write("/populations/drive_rate", column<double>(populations, [](const auto& p) { return p.rate_hz; }), "Hz");
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
    const auto external = in.read<std::uint8_t>("/populations/external"),
               drive = in.read<std::uint8_t>("/populations/drive");
    const auto drive_rate = in.read<double>("/populations/drive_rate");
    for (std::size_t length : {index.size(), n.size(), external.size(), drive.size(), drive_rate.size()})
        expect_length(file, "the populations", length, names.size());
    for (std::size_t p = 0; p < names.size(); ++p)
        reduction.populations.push_back({names[p], index[p], n[p], external[p] != 0, drive[p] != 0, drive_rate[p]});
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

} // namespace mfm
