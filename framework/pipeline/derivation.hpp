// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "meanfield/cell_rates.hpp"
#include "meanfield/model.hpp"
#include "pipeline/reuse.hpp"
#include "remap/reduction.hpp"
#include "simulate/simulate.hpp"
#include "simulate/spike_record.hpp"
#include "support/progress.hpp"
#include "transfer/fit.hpp"
#include "transfer/fitted_function.hpp"
#include "transfer/sample.hpp"
#include "validate/compare.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// Tables of all populations that the mean field models (Reduction::populations without external ones, in order),
/// sampled points and operating points together.  With transfer.cells = "sampled", what the measurement needs of the
/// sources (their regularity, the cells' rates, common fluctuations) is computed from the wiring and from transfer
/// functions measured on the way; of the record only the rates are used, and only to choose where to sample.
/// reused: what a variant's base has measured already; NULL: nothing.
[[nodiscard]] std::vector<TransferTable> sample_all(const PipelineConfig&, const Network&, const Reduction&,
                                                    const SpikeRecord&, Progress&, const ReusedTables* reused = nullptr,
                                                    bool with_operating_points = true);

/// Fits of these tables, several side by side; those of a variant's base where they would be the same.
[[nodiscard]] std::vector<TransferFit> fit_all(const PipelineConfig&, const Reduction&,
                                               const std::vector<TransferTable>&, Progress&,
                                               const ReusedTables* reused = nullptr);

/// Rates of all cells at the record's stationary stimuli, from the wiring and the transfer functions alone; those that
/// cannot be computed are left out, with a warning.
[[nodiscard]] std::vector<CellRates> stationary_cell_rates(const PipelineConfig&, const Reduction&,
                                                           std::span<const PathwayEdges>,
                                                           const std::vector<PopulationModel>&, const SpikeRecord&,
                                                           Progress&);

/// The mean field from the circuit and its fits.  With mean_field.cell_rates, in-degrees weigh each source by its own
/// rate (from the wiring and the fits alone) at the record's stationary stimuli.
[[nodiscard]] MeanFieldModel derive_model(const PipelineConfig&, const Network&, const Reduction&,
                                          const std::vector<TransferFit>&, const SpikeRecord&, Progress&);

/// Fixed points and trajectories for every condition of the record.  What cannot be computed becomes the condition's
/// `failure`; conditions in which a part of a population is stimulated have none.  uncalibrated: the model before its
/// calibration, for comparison; NULL when it has none.
[[nodiscard]] MeanFieldResults solve_model(const PipelineConfig&, const MeanFieldModel&,
                                           const MeanFieldModel* uncalibrated, const SpikeRecord&, Progress&);

/// The network's populations as the outputs know them.
[[nodiscard]] std::vector<RecordedPopulation> recorded_populations(const PipelineConfig&, const Network&);

/// Network against mean field, transfer functions and the operating-point test; not judged yet.
[[nodiscard]] ValidationReport validate_model(const PipelineConfig&, const Network&, const Reduction&,
                                              const SpikeRecord&, const std::vector<TransferTable>&,
                                              const std::vector<TransferFit>&, const MeanFieldModel&,
                                              const MeanFieldResults&);

} // namespace mfm
