// SPDX-License-Identifier: Apache-2.0
#include "pipeline/model_equations.hpp"

#include <fmt/format.h>

#include "meanfield/equations.hpp"
#include "plugin/registry.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

/// "c_00 12.5 Hz, c_10 ...", shortest numbers that read back to the same bits.
std::string coefficient_list(const TransferFit& fit, const std::vector<double>& values) {
    std::string text;
    for (std::size_t k = 0; k < values.size(); ++k)
        text += fmt::format("{}{} {}{}", k == 0 ? "" : ", ", fit.coefficients[k], values[k],
                            fit.units[k] == "1" ? "" : " " + fit.units[k]);
    return text;
}

/// One line a part of a fit: {what it is, its numbers}.
std::vector<std::pair<std::string, std::string>> fit_lines(const TransferFit& fit) {
    std::vector<std::pair<std::string, std::string>> lines;
    std::string domain;
    for (std::size_t i = 0; i < fit.inputs.size(); ++i)
        domain += fmt::format("{}{} {} .. {}", i == 0 ? "" : ", ", fit.inputs[i], fit.lower[i], fit.upper[i]);
    lines.emplace_back(fit.population + ": F", fmt::format("{} of {}", fit.basis, domain));
    lines.emplace_back("coefficients", coefficient_list(fit, fit.value));
    if (fit.given) lines.emplace_back("these are", "given, not fitted");
    if (fit.adaptation) {
        lines.emplace_back("at the adaptation current",
                           fmt::format("I = -w, w = {} F + {} mu_V + {} pA (F in Hz, mu_V in mV)",
                                       fit.adaptation->per_hz, fit.adaptation->per_mV, fit.adaptation->offset));
        return lines;
    }
    if (fit.current.dI > 0) {
        lines.emplace_back(fmt::format("at I = +{} pA", fit.current.dI), coefficient_list(fit, fit.current.plus));
        lines.emplace_back(fmt::format("at I = -{} pA", fit.current.dI), coefficient_list(fit, fit.current.minus));
    }
    return lines;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("_&%#${}").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

} // namespace

std::string model_equations_text(const MeanFieldModel& model, const std::vector<TransferFit>& fits) {
    std::string text = equations_text(model);
    text +=
        "\nTransfer functions (`automfm describe BASIS` has each basis's formula; ranges are of the points fitted):\n";
    for (const TransferFit& fit : fits) {
        bool first = true;
        for (const auto& [what, numbers] : fit_lines(fit)) {
            text += fmt::format("  {}{}: {}\n", first ? "" : "  ", what, numbers);
            first = false;
        }
    }
    return text;
}

std::string model_equations_latex(const MeanFieldModel& model, const std::vector<TransferFit>& fits) {
    std::string text = equations_latex(model) + "\\begin{description}\n";
    for (const TransferFit& fit : fits)
        for (const auto& [what, numbers] : fit_lines(fit))
            text += fmt::format("\\item[{}] {}\n", escaped(what), escaped(numbers));
    return text + "\\end{description}\n";
}

std::string model_equations_html(const MeanFieldModel& model) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta "
           "charset=\"utf-8\"><title>Equations</title></head>\n<body>\n" +
           equations_mathml(model) + "</body>\n</html>\n";
}

std::filesystem::path default_run_folder(const std::filesystem::path& pipeline_file) {
    return std::filesystem::path("runs") / pipeline_file.stem();
}

std::string equations_of_run(const EquationsOptions& options) {
    const std::filesystem::path& given = options.run_or_file;
    if (!std::filesystem::exists(given)) throw InputError("there is no file or folder '" + given.string() + "'");
    const bool is_folder = std::filesystem::is_directory(given);
    const std::filesystem::path folder = is_folder ? given : default_run_folder(given);
    const std::filesystem::path file = folder / (options.latex ? "equations.tex" : "equations.txt");
    if (!std::filesystem::exists(file))
        throw InputError(is_folder ? "'" + given.string() +
                                         "' holds no equations: it is no run's folder, or its run has not derived a "
                                         "mean field yet"
                                   : "'" + given.string() + "' has not been run into '" + folder.string() +
                                         "' yet: run `automfm run " + given.string() +
                                         "` first, or give the folder of its run");
    if (!is_folder) {
        LoadOptions load;
        load.plugin_folders = options.plugin_path;
        const Registry registry(plugin_search_path(plugin_folders_of(given, load)));
        const std::filesystem::path resolved = folder / "pipeline.resolved.toml";
        if (!std::filesystem::exists(resolved) ||
            read_file(resolved) != load_pipeline(given, registry, load).resolved_toml)
            throw InputError("'" + folder.string() + "' was made from another state of '" + given.string() +
                             "', or with --set or --seed: run it again, or give the folder to see what is in it");
    }
    return read_file(file);
}

} // namespace mfm
