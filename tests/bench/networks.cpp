// SPDX-License-Identifier: Apache-2.0
// A whole network on the engine, recorded as a run of automfm records it: time, rates, deliveries and memory, one
// "name value" a line.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <tbb/global_control.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <ctime>
#include <fstream>

#include "simulate/recorder.hpp"
#include "simulate/simulate.hpp"

using namespace mfm;

namespace {

double seconds_of(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
double cpu_seconds() {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
double thread_seconds() {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}
double wall_seconds() {
    return seconds_of(CLOCK_MONOTONIC);
}
/// What reading the thread's clock costs, so that it can be taken off.
double clock_cost() {
    constexpr int reads = 1000;
    const double since = thread_seconds();
    for (int i = 0; i < reads; ++i) thread_seconds();
    return (thread_seconds() - since) / reads;
}

/// Memory in use now, bytes; what was freed is given back first.
double resident_bytes() {
    malloc_trim(0);
    std::ifstream statm("/proc/self/statm");
    double total = 0, resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}
double peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

/// A part of a run: CPU time of all threads in it, and how often it was entered.
struct Part {
    std::atomic<std::int64_t> nanoseconds{0}, entries{0};
    template <class Work> auto measure(const Work& work) {
        const double since = thread_seconds();
        struct Stop {
            Part& part;
            double since;
            ~Stop() {
                part.nanoseconds += std::llround(1e9 * (thread_seconds() - since));
                ++part.entries;
            }
        } stop{*this, since};
        return work();
    }
};

/// Stands between the engine and a pipeline's neuron plugin, and measures the time in its kernels.
class KernelClock {
public:
    explicit KernelClock(PipelineConfig& config) {
        for (PopulationConfig& population : config.populations) {
            if (!population.neuron) continue;
            if (original_ == nullptr) {
                between_ = *population.neuron->component;
                original_ = static_cast<const mfm_neuron_v1*>(between_.interface(MFM_NEURON_ID));
                table_ = *original_;
                table_.advance = &advance;
                component_ = *between_.abi;
                component_.interfaces = interfaces_;
                between_.abi = &component_;
            } else if (population.neuron->component->id() != between_.id()) {
                throw InputError(population.where, "--parts can tell the parts apart only when all neurons are of one "
                                                   "plugin; leave it out for this network");
            }
            population.neuron->component = &between_;
        }
    }
    KernelClock(const KernelClock&) = delete;
    KernelClock& operator=(const KernelClock&) = delete;
    static inline Part part;

private:
    static mfm_status advance(void* self, const mfm_neuron_batch* batch, mfm_error* error) noexcept {
        return part.measure([&] { return original_->advance(self, batch, error); });
    }
    static inline const mfm_neuron_v1* original_ = nullptr;
    mfm_neuron_v1 table_{};
    mfm_interface interfaces_[2] = {{MFM_NEURON_ID, &table_}, {nullptr, nullptr}};
    mfm_component component_{};
    Component between_;
};

/// Shares of a run's CPU time, without what measuring them took.
void print_shares(double cpu, const Part& kernels, const Part& recording) {
    const double cost = clock_cost();
    const auto net = [&](const Part& part) {
        return 1e-9 * static_cast<double>(part.nanoseconds) - cost * static_cast<double>(part.entries);
    };
    const double total = cpu - 2.0 * cost * static_cast<double>(kernels.entries + recording.entries);
    fmt::print("share.kernels {:.3f}\nshare.recording {:.3f}\nshare.delivery_and_rest {:.3f}\n", net(kernels) / total,
               net(recording) / total, 1.0 - (net(kernels) + net(recording)) / total);
}

/// `factor` times as many cells, each with as many inputs as before.
void enlarge(PipelineConfig& config, double factor) {
    for (PopulationConfig& population : config.populations) {
        if (!population.count)
            throw InputError(population.where,
                             "--size needs populations with a `count`, which '" + population.name + "' does not have");
        population.count = static_cast<std::uint64_t>(std::llround(factor * static_cast<double>(*population.count)));
    }
    for (ProjectionConfig& projection : config.projections) {
        const mfm_field* const* fields = projection.rule.component->abi->settings;
        bool kept = false;
        for (std::size_t s = 0; fields[s] != nullptr; ++s) {
            const std::string_view name = fields[s]->name;
            SettingValue& value = projection.rule.settings[s];
            if (name == "synapses")
                value.integer = std::llround(factor * static_cast<double>(value.integer));
            else if (name == "probability")
                value.real /= factor;
            else if (name != "in_degree")
                continue;
            kept = true;
        }
        if (!kept)
            throw InputError(projection.where, "--size does not know how '" + projection.rule.component->id() +
                                                   "' keeps the number of inputs of a cell");
    }
}

/// Rates of the Poisson populations: that of the first condition, and their own where no stimulation has them for its
/// target.
std::vector<SourceCourses> courses_of(const PipelineConfig& config) {
    std::vector<double> rate;
    for (const PopulationConfig& population : config.populations) rate.push_back(population.rate_hz);
    if (!config.stimulations.empty()) {
        const ProtocolCondition first = protocol_conditions(config).at(0);
        if (!first.stationary)
            throw InputError(config.stimulations[0].where, "the first stimulation must be a stationary one");
        rate[first.target] = first.level_hz;
    }
    std::vector<SourceCourses> courses(config.populations.size());
    for (std::size_t p = 0; p < courses.size(); ++p)
        if (config.populations[p].kind == PopulationConfig::Kind::Poisson && rate[p] > 0.0)
            courses[p].base = [r = rate[p]](std::uint64_t, std::span<double> out) {
                std::fill(out.begin(), out.end(), r);
            };
    return courses;
}

struct Options {
    std::string file;
    LoadOptions load;
    double size = 1;
    int threads = 1;
    bool parts = false;
};

Network build(const PipelineConfig& config) {
    const double bytes = resident_bytes(), since = cpu_seconds();
    Network network = build_network(config, *make_progress(true));
    const double cpu = cpu_seconds() - since, built = resident_bytes() - bytes;
    double neurons = 0, synapses = 0;
    for (std::size_t p = 0; p < network.populations.size(); ++p)
        if (config.populations[p].kind == PopulationConfig::Kind::Neuron)
            neurons += static_cast<double>(network.populations[p].n);
    for (const Projection& projection : network.projections) synapses += static_cast<double>(projection.synapses());
    fmt::print("neurons {:.0f}\nsynapses {:.0f}\nbuild_cpu_s {:.3f}\nnetwork_MB {:.2f}\n", neurons, synapses, cpu,
               1e-6 * built);
    return network;
}

void simulate(const PipelineConfig& config, const Network& network, bool parts) {
    const SimulationConfig& simulation = config.simulation;
    const auto steps = static_cast<std::uint64_t>(std::llround(simulation.duration / simulation.dt));
    const double biology = 1e-3 * static_cast<double>(steps) * simulation.dt; // s
    const double bytes = resident_bytes(), start = cpu_seconds();
    Engine engine(config, network, config.seed, courses_of(config));
    Recorder recorder(network, {simulation.dt, simulation.transient, simulation.duration, simulation.bin,
                                config.validation.bin, simulation.block, simulation.record_spikes, config.seed});
    Part recording;
    Engine::Observer record = [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& spikes) {
        recorder.observe(first, n, spikes);
    };
    if (parts)
        record = [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& spikes) {
            recording.measure([&] { recorder.observe(first, n, spikes); });
        };
    fmt::print("start_cpu_s {:.3f}\n", cpu_seconds() - start);
    const double wall = wall_seconds(), since = cpu_seconds();
    engine.run(steps, record);
    const double cpu = cpu_seconds() - since, elapsed = wall_seconds() - wall;
    fmt::print("cpu_s_per_s {:.4f}\nwall_s_per_s {:.4f}\nevents_per_s {:.0f}\n", cpu / biology, elapsed / biology,
               static_cast<double>(engine.deliveries()) / biology);
    if (parts) print_shares(cpu, KernelClock::part, recording);
    fmt::print("run_MB {:.2f}\n", 1e-6 * (resident_bytes() - bytes));
    const std::vector<PopulationActivity> activity = recorder.finish();
    for (std::size_t p = 0; p < activity.size(); ++p)
        fmt::print("rate.{} {:.4g}\n", network.populations[p].name, activity[p].rate_hz);
}

void run(const Options& options) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(options.threads));
    const Registry registry({TEST_PLUGIN_FOLDER});
    PipelineConfig config = load_pipeline(options.file, registry, options.load);
    if (options.size != 1.0) enlarge(config, options.size);
    std::unique_ptr<KernelClock> clock;
    if (options.parts) clock = std::make_unique<KernelClock>(config);
    const Network network = build(config);
    simulate(config, network, options.parts);
    fmt::print("peak_MB {:.1f}\n", 1e-6 * peak_bytes());
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Runs a network on the engine and prints its time, rates, deliveries and memory.");
    Options options;
    app.add_option("FILE", options.file, "the pipeline")->required();
    app.add_option("--set", options.load.set, "KEY.PATH=VALUE, as often as needed");
    app.add_option("--size", options.size, "times as many cells, with as many inputs each")->check(CLI::PositiveNumber);
    app.add_option("--threads", options.threads, "default: 1")->check(CLI::PositiveNumber);
    app.add_option("--seed", options.load.seed, "of network and noise; default: the pipeline's");
    app.add_flag("--parts", options.parts, "tell the time in neuron kernels and recorder apart");
    CLI11_PARSE(app, argc, argv);
    try {
        run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench_networks: {}\n", error.what());
        return 2;
    }
    return 0;
}
