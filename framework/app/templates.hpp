// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

namespace mfm {

/// A file of sdk/templates, which the build carries into the tool: "neuron", "my_plugin.cpp", its text.
struct TemplateFile {
    const char *kind, *name, *text;
};
[[nodiscard]] std::span<const TemplateFile> template_files();
/// configs/start.toml.
[[nodiscard]] const char* starting_pipeline();

} // namespace mfm
