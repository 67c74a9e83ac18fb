// SPDX-License-Identifier: Apache-2.0
// Spikes delivered to synapses per second of CPU, by the engine: the time of a network less that of the same network
// without a synapse.  Names are SYNAPSES/TARGETSxTARGETS_OF_A_SOURCE.  SYNAPSES says what differs from one to the next:
// nothing (equal), the weight (weights), the delay (delays), or how many contacts a pair has (contacts).
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <ctime>

#include "simulate/engine.hpp"

using namespace mfm;

namespace {

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Synapses {
    const char *name, *key, *value; ///< what --set would change
};
constexpr Synapses kinds[] = {
    {"equal", "weight", "'1e-6 nS'"},
    {"weights", "weight", "{ distribution = 'normal', mean = '1e-6 nS', sd = '1e-7 nS' }"},
    {"delays", "delay", "{ distribution = 'uniform', lower = '10 ms', upper = '20 ms' }"},
    {"contacts", "contacts", "{ distribution = 'normal', mean = 5, sd = 1 }"},
};

/// The network of delivery.toml in motion.
struct Motion {
    PipelineConfig config;
    Network network;
    Engine engine;

    Motion(const Registry& registry, const Synapses& kind, std::uint64_t targets, double probability)
        : config(load_pipeline(BENCH_FOLDER "/delivery.toml", registry,
                               {{fmt::format("population.target.count={}", targets),
                                 fmt::format("projection.synapse.rule.probability={}", probability),
                                 fmt::format("projection.synapse.{}={}", kind.key, kind.value)},
                                {},
                                {}})),
          network(build_network(config, *make_progress(true))), engine(config, network, 1, courses(config)) {}

    /// CPU seconds of some steps.
    double run(std::uint64_t steps) {
        const double since = cpu_seconds();
        engine.run(steps, {});
        return cpu_seconds() - since;
    }

private:
    static std::vector<SourceCourses> courses(const PipelineConfig& config) {
        std::vector<SourceCourses> out(config.populations.size());
        out[0].base = [rate = config.populations[0].rate_hz](std::uint64_t, std::span<double> rate_hz) {
            std::fill(rate_hz.begin(), rate_hz.end(), rate);
        };
        return out;
    }
};

void deliver(benchmark::State& state, const Synapses& kind, std::uint64_t targets, std::uint64_t targets_of_source) {
    static const Registry registry({TEST_PLUGIN_FOLDER});
    Motion network(registry, kind, targets, static_cast<double>(targets_of_source) / static_cast<double>(targets));
    Motion empty(registry, kind, targets, 0.0);
    constexpr std::uint64_t steps = 100;
    network.run(steps);
    empty.run(steps);
    const std::uint64_t before = network.engine.deliveries();
    double with = 0, without = 0;
    for (auto _ : state) {
        const double a = network.run(steps), b = empty.run(steps);
        with += a;
        without += b;
        state.SetIterationTime(a);
    }
    const auto events = static_cast<double>(network.engine.deliveries() - before);
    state.counters["events/s"] = events / (with - without);
    state.counters["share"] = (with - without) / with;
}

} // namespace

int main(int argc, char** argv) {
    const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
    const std::pair<std::uint64_t, std::uint64_t> shapes[] = {
        {1000, 100}, {10'000, 100}, {10'000, 1000}, {100'000, 1000}, {100'000, 10'000}};
    for (const Synapses& kind : kinds)
        for (const auto& [targets, targets_of_source] : shapes)
            benchmark::RegisterBenchmark(fmt::format("{}/{}x{}", kind.name, targets, targets_of_source).c_str(),
                                         [&kind, targets = targets, degree = targets_of_source](benchmark::State& s) {
                                             deliver(s, kind, targets, degree);
                                         })
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
    // Short runs unless the command line says otherwise.
    std::vector<char*> arguments(argv, argv + argc);
    std::string quick = "--benchmark_min_time=0.1";
    arguments.insert(arguments.begin() + 1, quick.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
