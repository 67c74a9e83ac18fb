// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "config/document.hpp"
#include "config/pipeline.hpp"

namespace mfm {

// Each reads one part of the document into the configuration.  They are called in this order, since the later ones look
// things up in what the earlier ones read.  `document` is the whole of it; paths in it become absolute.
void read_space(DocumentNode& document, PipelineConfig&);
void read_simulation(DocumentNode& document, PipelineConfig&);
void read_populations(DocumentNode& document, const Registry&, PipelineConfig&);
void read_projections(DocumentNode& document, const Registry&, PipelineConfig&);
void read_drives(DocumentNode& document, PipelineConfig&);
void read_stimulations(DocumentNode& document, const Registry&, PipelineConfig&);
void read_derivation(DocumentNode& document, const Registry&,
                     PipelineConfig&); ///< remap, transfer, mean_field, validation

/// Refuses names that would make no good group in a results file: anything but letters, digits, '_' and '-'.
void check_name(const DocumentEntry& entry, const std::string& what);
/// The population that `key` names; an error at its place when there is none.
[[nodiscard]] const PopulationConfig& named_population(const DocumentNode& name, const std::string& path,
                                                       const PipelineConfig&);
/// A receptor of the target, counted from 1 in the file and from 0 here.
[[nodiscard]] std::uint32_t read_port(const DocumentNode& receptor, const std::string& path,
                                      const PopulationConfig& target);
/// Unit and bounds of a synaptic weight onto this receptor: nS and not negative, or pA.
[[nodiscard]] mfm_field weight_field(const mfm_receptor& receptor);

} // namespace mfm
