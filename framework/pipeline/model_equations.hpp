// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/model.hpp"
#include "transfer/fit.hpp"

namespace mfm {

/// A derived model's equations with the coefficients of its transfer functions, as text and as LaTeX: what a run keeps
/// in equations.txt and equations.tex.
[[nodiscard]] std::string model_equations_text(const MeanFieldModel&, const std::vector<TransferFit>&);
[[nodiscard]] std::string model_equations_latex(const MeanFieldModel&, const std::vector<TransferFit>&);

/// The equations as an HTML page with MathML; its body goes into report.html.
[[nodiscard]] std::string model_equations_html(const MeanFieldModel&);

struct EquationsOptions {
    std::filesystem::path run_or_file; ///< a run's folder, or a pipeline file that was run into its usual folder
    bool latex = false;
    std::vector<std::filesystem::path> plugin_path;
};
/// The equations that a run left behind.  Throws InputError where there are none, and for a pipeline file that is not
/// what its folder was made from any more.
[[nodiscard]] std::string equations_of_run(const EquationsOptions&);

/// Where a pipeline file is run into unless told: runs/NAME.
[[nodiscard]] std::filesystem::path default_run_folder(const std::filesystem::path& pipeline_file);

} // namespace mfm
