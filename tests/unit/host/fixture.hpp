// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "config/pipeline.hpp"

namespace host_test {

/// The plugins of plugins.cpp, loaded once: libraries are never unloaded.
inline const mfm::Registry& registry() {
    static const mfm::Registry loaded({HOST_TEST_PLUGINS});
    return loaded;
}

/// A working folder of its own that is removed again, so that file names in messages are short.
class Folder {
public:
    Folder()
        : before_(std::filesystem::current_path()),
          path_(std::filesystem::temp_directory_path() / ("mfm_host_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_);
        std::filesystem::current_path(path_);
    }
    ~Folder() {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path before_, path_;
};

/// A circuit with everything in it that a pipeline needs.
inline const std::string circuit = R"(name = "a circuit"
seed = 7

[space]
size = ["300 um", "200 um", 295]
layers = { granular = ["0 um", "130 um"] }

[population.fibres]
kind = "poisson"
count = 100

[population.cells]
neuron = "test_cell"
parameters = { C_m = "145 pF" }
receptors = [{ kind = "alpha", tau_syn = "0.23 ms", E_rev = "0 mV" }, { kind = "exponential", tau_syn = 2, current = true }]
placement = { layer = "granular", density = "9e-6 /um^3" }

[projection.input]
source = "fibres"
target = "cells"
rule = { plugin = "test_rule", p = 0.1 }
receptor = 1
weight = "0.05 nS"
delay = "1 ms"

[stimulation.background]
plugin = "test_protocol"
target = "fibres"
rate = { from = "4 Hz", to = "12 Hz", step = "4 Hz" }

[transfer]
basis = "test_basis"
optimizer = "test_optimizer"
)";

/// Loads `text` as circuit.toml.
inline mfm::PipelineConfig load(const std::string& text, const mfm::LoadOptions& options = {}) {
    const Folder folder;
    folder.write("circuit.toml", text);
    return mfm::load_pipeline("circuit.toml", registry(), options);
}
/// The sentence with which `text` is refused, "" when it is not.
inline std::string refusal(const std::string& text, const mfm::LoadOptions& options = {}) {
    try {
        static_cast<void>(load(text, options));
    } catch (const mfm::InputError& e) {
        return e.what();
    }
    return "";
}
/// The circuit with one line changed.
inline std::string with(const std::string& from, const std::string& to) {
    std::string text = circuit;
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the circuit has no '" + from + "'");
    return text.replace(at, from.size(), to);
}
inline std::string refusal_with(const std::string& from, const std::string& to) {
    return refusal(with(from, to));
}
inline std::string refusal_set(const std::string& setting) {
    mfm::LoadOptions options;
    options.set = {setting};
    return refusal(circuit, options);
}

} // namespace host_test
