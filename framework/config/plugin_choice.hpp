// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/pipeline.hpp"
#include "config/reader.hpp"

namespace mfm {

/// What the pipeline file gives for one plugin, checked against its schema.
struct CheckedSettings {
    SettingValues values;             ///< in the order of the fields; defaults where nothing is given
    std::vector<bool> given;          ///< [fields]
    std::vector<std::string> earlier; ///< [fields] the projection an MFM_PROJECTION_NAME setting names, or ""
    std::vector<std::pair<std::size_t, Distribution>>
        distributed; ///< MFM_PER_NEURON settings that differ from cell to cell
};

/// Reads the component's settings from the keys of `node`, other than those in `reserved`.  When "settings" is
/// reserved, a table of that name may hold settings too: those whose names are reserved have no other place.
/// `projections`: names of the projections above, which MFM_PROJECTION_NAME settings may name.
/// Paths are made absolute in `node` as well, so that the resolved document can be read from anywhere.
[[nodiscard]] CheckedSettings read_settings(DocumentNode& node, const std::string& path, const Component&,
                                            const std::vector<std::string>& reserved,
                                            const std::vector<std::string>& projections);
/// Every setting at its default; an error at `where` when one is required.
[[nodiscard]] CheckedSettings default_settings(const Component&, const SourcePosition& where, const std::string& path);

/// Component and settings together, tried out: what create() refuses is refused here, where the place in the file is
/// known.
[[nodiscard]] PluginChoice make_choice(const Component&, const CheckedSettings&, const SourcePosition& where);

/// "id", or { plugin = "id", settings ... }.
[[nodiscard]] std::pair<PluginChoice, CheckedSettings> read_plugin(DocumentNode& node, const std::string& path,
                                                                   const Registry&, std::string_view interface_id,
                                                                   const std::vector<std::string>& projections = {});

} // namespace mfm
