// SPDX-License-Identifier: Apache-2.0
#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {

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

} // namespace mfm
