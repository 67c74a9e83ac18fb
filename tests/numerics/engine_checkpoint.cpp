// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>

#include <unistd.h>

#include "numerics/engine_circuit.hpp"
#include "simulate/trial.hpp"
#include "support/files.hpp"

using namespace mfm;
using namespace mfm::test;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("automfm-checkpoint-" + std::to_string(getpid()));
    ~Folder() { fs::remove_all(path); }
};

/// A simulation of a circuit that can be stopped and taken up again.
struct Simulation {
    Circuit circuit;
    TrialCache cache;
    std::optional<Engine> engine;
    std::optional<Recorder> recorder;
    std::vector<std::array<std::uint64_t, 3>> fired; // step, population, cell of every spike

    Simulation(Circuit c, const fs::path& folder) : circuit(std::move(c)), cache{folder, "a hash", 0} { start(); }
    void start() {
        engine.emplace(circuit.config, circuit.network, 11, circuit.courses);
        recorder.emplace(circuit.network, Recorder::Options{0.1, 10, 100, 2, 1, 20, true, 1, true});
    }
    void run(std::uint64_t steps, const std::function<bool()>& pause = {}) {
        engine->run(
            steps,
            [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& spikes) {
                recorder->observe(first, n, spikes);
                for (std::size_t p = 0; p < spikes.size(); ++p)
                    for (std::size_t k = 0; k < spikes[p].cell.size(); ++k)
                        fired.push_back({first + spikes[p].step[k], p, spikes[p].cell[k]});
            },
            pause);
        std::sort(fired.begin(), fired.end()); // blocks of any length
    }
    [[nodiscard]] TrialFiles files() const { return {cache, circuit.network, 0, 0}; }
    /// Puts the state down, destroys everything and takes it up again.
    void interrupt() {
        files().keep(*engine, *recorder);
        start();
        REQUIRE(files().restore(*engine, *recorder));
    }
    /// Bits of all states and of what was recorded.
    [[nodiscard]] std::string result() const {
        ContentHash h;
        for (std::size_t p = 0; p < circuit.network.populations.size(); ++p)
            if (const NeuronGroup* group = engine->group(p))
                for (std::size_t s = 0; s < group->state_names().size(); ++s) h.add(group->state(s));
        for (const PopulationActivity& a : recorder->finish()) {
            for (const double x : {a.rate_hz, a.fano, a.correlation, a.cv_isi}) h.add(x);
            h.add(a.cell_rate_hz);
            h.add(a.course_hz);
            h.add(a.spike_time);
            h.add(a.spike_cell);
            h.add(a.raster_cell);
            h.add(a.raster_time);
        }
        h.add(recorder->count_covariance());
        h.add(engine->deliveries());
        return h.hex();
    }
};

std::string refusal(const TrialFiles& files, Simulation& simulation) {
    try {
        (void)files.restore(*simulation.engine, *simulation.recorder);
    } catch (const InputError& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST_CASE("a simulation that is stopped, destroyed and taken up again goes on with the same bits") {
    const Folder folder;
    Simulation whole(balanced(1500), folder.path / "whole");
    whole.run(1000);
    REQUIRE(whole.fired.size() > 3000);
    for (const std::uint64_t stop : {1, 137, 500}) { // within the first delays, between two blocks, later
        INFO(stop);
        Simulation parts(balanced(1500), folder.path / "parts");
        parts.run(stop);
        parts.interrupt();
        CHECK(parts.engine->now() == stop);
        parts.run(1000 - stop);
        CHECK((parts.fired == whole.fired));
        CHECK(parts.result() == whole.result());
    }
    Simulation often(balanced(1500), folder.path / "often");
    std::size_t times = 0;
    while (often.engine->now() < 1000) {
        often.run(1000 - often.engine->now(), [n = 0]() mutable { return ++n == 9; });
        often.interrupt();
        ++times;
    }
    CHECK(times > 5);
    CHECK((often.fired == whole.fired));
    CHECK(often.result() == whole.result());
}

TEST_CASE("a pause always comes after a block, so that a run that is put down all the time still gets on") {
    const Folder folder;
    Simulation simulation(balanced(300), folder.path);
    simulation.run(100, [] { return true; });
    CHECK(simulation.engine->now() == simulation.engine->block_steps());
}

TEST_CASE("a state that is cut short, damaged, or of something else is refused with the reason") {
    const Folder folder;
    Simulation simulation(balanced(300), folder.path);
    CHECK(refusal(simulation.files(), simulation) == ""); // there is none
    CHECK_FALSE(simulation.files().restore(*simulation.engine, *simulation.recorder));
    simulation.run(50);
    simulation.files().keep(*simulation.engine, *simulation.recorder);
    const fs::path file = folder.path / "0000-0000.state";
    const std::string bytes = read_file(file), name = "the file '" + file.string() + "' ";
    const auto refused = [&](const std::string& text) {
        write_file(file, text);
        return refusal(simulation.files(), simulation);
    };
    CHECK(refused(bytes) == "");
    CHECK(refused("") == name + "is no state that automfm has kept");
    CHECK(refused("something else") == name + "is no state that automfm has kept");
    CHECK(refused(bytes.substr(0, bytes.find('\n') + 5)) == name + "is cut short");
    CHECK(refused(bytes.substr(0, bytes.size() / 2)) == name + "is damaged");
    std::string changed = bytes;
    changed[bytes.size() / 2] ^= 1;
    CHECK(refused(changed) == name + "is damaged");

    TrialCache other = simulation.cache;
    other.hash = "another hash";
    write_file(file, bytes);
    CHECK(refusal({other, simulation.circuit.network, 0, 0}, simulation) ==
          name + "was kept by another version or for another pipeline");
    fs::copy_file(file, folder.path / "0000-0001.state");
    CHECK(refusal({simulation.cache, simulation.circuit.network, 0, 1}, simulation) ==
          "the file '" + (folder.path / "0000-0001.state").string() +
              "' was kept by another version or for another pipeline");
    Simulation larger(balanced(600), folder.path); // of another network, under the same hash
    CHECK(refusal(larger.files(), larger) == name + "has 304 values of 'excitatory/V_m', not 608");
}

TEST_CASE("a finished trial is kept as it is, in place of its state") {
    const Folder folder;
    Simulation simulation(balanced(300), folder.path);
    CHECK_FALSE(simulation.files().result());
    simulation.run(1000);
    simulation.files().keep(*simulation.engine, *simulation.recorder);
    const TrialResult result{simulation.recorder->finish(), simulation.recorder->count_covariance()};
    simulation.files().keep(result);
    CHECK_FALSE(fs::exists(folder.path / "0000-0000.state"));
    const std::optional<TrialResult> kept = simulation.files().result();
    REQUIRE(kept);
    REQUIRE(kept->activity.size() == result.activity.size());
    CHECK(kept->covariance == result.covariance);
    for (std::size_t p = 0; p < result.activity.size(); ++p) {
        const PopulationActivity &a = kept->activity[p], &b = result.activity[p];
        CHECK(a.rate_hz == b.rate_hz);
        CHECK(a.rate_se_hz == b.rate_se_hz);
        CHECK(a.rate_firing_hz == b.rate_firing_hz);
        CHECK(a.rate_sd_hz == b.rate_sd_hz);
        CHECK(a.rate_sd_firing_hz == b.rate_sd_firing_hz);
        CHECK(a.firing_fraction == b.firing_fraction);
        CHECK(a.fano == b.fano);
        CHECK(a.correlation == b.correlation);
        CHECK(a.cv_isi == b.cv_isi);
        CHECK(a.cell_rate_hz == b.cell_rate_hz);
        CHECK(a.course_hz == b.course_hz);
        CHECK(a.spike_cell == b.spike_cell);
        CHECK(a.spike_time == b.spike_time);
        CHECK(a.raster_cells == b.raster_cells);
        CHECK(a.raster_cell == b.raster_cell);
        CHECK(a.raster_time == b.raster_time);
    }
}
