// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "output/manifest.hpp"
#include "output/stage_time.hpp"
#include "output/variants.hpp"
#include "validate/report.hpp"

namespace mfm {

/// The circuit as the report lists it.
struct CircuitRow {
    std::string name, kind; ///< kind: "neuron eglif", "Poisson", "relay"
    std::uint64_t cells = 0;
};
struct ConnectionRow {
    std::string name, source, target, rule;
    std::uint64_t pairs = 0;
};
[[nodiscard]] std::vector<CircuitRow> circuit_rows(const PipelineConfig&, const Network&);
[[nodiscard]] std::vector<ConnectionRow> connection_rows(const PipelineConfig&, const Network&);

/// What report.txt is made of.  Empty parts are left out.
struct ReportInputs {
    std::string name; ///< of the pipeline
    std::vector<CircuitRow> circuit;
    std::vector<ConnectionRow> connections;
    std::string in_degrees; ///< ready text
    std::string equations;  ///< ready text
    std::vector<StageTime> stages;
    std::vector<StageReuse> reuse;        ///< of a variant
    std::vector<VariantOutcome> variants; ///< of a base
    Manifest manifest;
    ValidationConfig limits; ///< those that the verdict was made with
};

/// The report for people, 100 columns wide: verdict and why, circuit, in-degrees, rates, fixed points, fluctuations,
/// transfer functions, operating point, time courses, warnings, equations, times, manifest.
[[nodiscard]] std::string report_text(const ValidationReport&, const ReportInputs&);

/// What a run shows at its end: the verdict with its reasons, and the table of errors.
[[nodiscard]] std::string console_summary(const ValidationReport&, const std::string& name,
                                          const std::string& run_folder);

} // namespace mfm
