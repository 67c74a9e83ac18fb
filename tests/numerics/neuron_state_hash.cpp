// SPDX-License-Identifier: Apache-2.0
// Prints a hash of the state of driven cells: the test runs it at every vector width and wants one answer.
#include <cstdio>

#include "numerics/single_cells.hpp"
#include "support/hash.hpp"

int main() {
    using namespace mfm;
    using namespace mfm::test;
    ContentHash hash;
    // One drive or several, each with a random word of its own; the last one's rate differs from cell to cell.
    std::vector<PoissonDrive> all = {{0, {3000.0}, {1.0}}, {1, {800.0}, {1.5}}, {0, {90.0}, {2.0}}, {1, {}, {0.5}}};
    for (int i = 0; i < 37; ++i) all.back().rate_hz.push_back(100.0 * (i % 5));
    const auto add = [&](const PopulationConfig& c, std::uint32_t steps_per_call) {
        for (const std::ptrdiff_t n_drives : {1, 2, 4}) {
            NeuronGroup group(c, 37, 0.1, 5, 9);
            group.set_drives({all.end() - n_drives, all.end()});
            for (std::uint64_t t = 0; t < 2000; t += steps_per_call)
                group.advance({0, group.padded(), t, steps_per_call}, nullptr, nullptr, nullptr);
            for (std::size_t s = 0; s < group.state_names().size(); ++s) hash.add(group.state(s));
        }
    };
    for (const std::uint32_t steps : {1u, 10u, 16u}) {
        hash = ContentHash{};
        add(cell("eglif", interneuron(), {alpha(0.64, 0), alpha(2, -80), alpha(1.2, 0)}), steps);
        add(cell("lif", {}, {alpha(5, 0), exponential(5, -80)}), steps);
        add(cell("adex", {{"V_peak", -40}},
                 {exponential(5, 0), {sizeof(mfm_receptor), MFM_RECEPTOR_BIEXPONENTIAL, 0, 0, 6, 1, -80}}),
            steps);
        add(cell("adex", {{"Delta_T", 0}}, {alpha(5, 0), alpha(5, -80)}), steps);
        add(cell("eglif_leaky", golgi(), {alpha(5, 0), exponential(5, -80)}), steps);
        add(cell("izhikevich", {}, {alpha(5, 0), alpha(5, -80)}), steps);
        add(cell("cadex", {}, {exponential(5, 0), exponential(5, -80)}), steps);
        add(cell("hodgkin_huxley", {}, {exponential(5, 0), alpha(5, -80)}), steps);
        std::printf("%s\n", hash.hex().c_str());
    }
}
