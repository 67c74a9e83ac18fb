// SPDX-License-Identifier: Apache-2.0
#include "app/command.hpp"

#include <charconv>

#include <fmt/format.h>

namespace mfm {

void add_plugin_path(CLI::App& command, std::vector<std::string>& folders) {
    command.add_option("--plugin-path", folders, "A folder of plugins, searched before all others")
        ->allow_extra_args(false);
}

std::vector<std::filesystem::path> as_paths(const std::vector<std::string>& folders) {
    return {folders.begin(), folders.end()};
}

std::uint64_t whole_number(const std::string& text, const std::string& option, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value > most)
        throw InputError(fmt::format("{} must be a whole number from 0 to {}, but is '{}'", option, most, text));
    return value;
}

} // namespace mfm
