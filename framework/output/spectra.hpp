// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "output/figures.hpp"
#include "validate/report.hpp"

namespace mfm {

/// spectra.csv: power of every population's activity by condition and frequency, of the network and the mean field, and
/// the mean field's response to the stimulated population.
[[nodiscard]] std::string spectra_csv(const ValidationReport&);
/// The same as spectra.h5; `hash`: of everything that the values depend on.
void save_spectra(const std::filesystem::path& file, const ValidationReport&, const std::string& hash);
/// A figure a condition with the spectra, and one a stimulation with the responses; one panel a population.
[[nodiscard]] std::vector<Figure> spectrum_figures(const ValidationReport&);

} // namespace mfm
