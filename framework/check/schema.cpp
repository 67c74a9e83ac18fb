// SPDX-License-Identifier: Apache-2.0
// What can be said of a component without calling it.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "check/kind.hpp"
#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

/// The word stands in the text, and not as a part of another one.
bool mentions(std::string_view text, std::string_view word) {
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool begins = at == 0 || !is_part(text[at - 1]),
                   ends = at + word.size() == text.size() || !is_part(text[at + word.size()]);
        if (begins && ends) return true;
    }
    return false;
}

const std::vector<std::string>& known_roles() {
    static const std::vector<std::string> roles{MFM_ROLE_CAPACITANCE, MFM_ROLE_LEAK,       MFM_ROLE_TAU_M,
                                                MFM_ROLE_REST,        MFM_ROLE_THRESHOLD,  MFM_ROLE_REFRACTORY,
                                                MFM_ROLE_RESET,       MFM_ROLE_CURRENT,    MFM_ROLE_INCREMENT,
                                                MFM_ROLE_VOLTAGE,     MFM_ROLE_ADAPTATION, MFM_ROLE_MOMENTS};
    return roles;
}

/// schema_fault() of plugin/settings, which loading has asked already, leaves these.
std::string field_fault(const mfm_field& field) {
    constexpr std::uint32_t known =
        MFM_PER_NEURON | MFM_OPEN_LOWER | MFM_OPEN_UPPER | MFM_REQUIRED | MFM_PATH | MFM_PROJECTION_NAME;
    if ((field.flags & ~known) != 0)
        return fmt::format("setting '{}' has flags that are not known (0x{:x})", field.name, field.flags & ~known);
    if ((field.flags & MFM_PER_NEURON) != 0 && field.kind != MFM_REAL)
        return fmt::format("setting '{}' differs from cell to cell and is no real number", field.name);
    if (field.kind == MFM_BOOLEAN && (field.lower != 0 || field.upper != 1))
        return fmt::format("setting '{}' is true or false, and its bounds are not 0 and 1", field.name);
    return "";
}

} // namespace

void check_schema(const Component& component, Reporter& report) {
    const mfm_component& abi = *component.abi;
    const auto fields = setting_fields(component);
    bool sane = true;
    const auto fail = [&](const std::string& sentence) {
        report.fail("schema", sentence);
        sane = false;
    };
    std::vector<std::string> unbounded, unmentioned;
    const char* const page = MFM_HAS(component.abi, documentation) ? abi.documentation : nullptr;
    for (const mfm_field* field : fields) {
        if (const std::string fault = field_fault(*field); !fault.empty()) fail(fault);
        if (field->role != nullptr &&
            std::find(known_roles().begin(), known_roles().end(), field->role) == known_roles().end())
            report.advice("schema", fmt::format("setting '{}' has the role \"{}\", which this automfm does not know{}",
                                                field->name, field->role, did_you_mean(field->role, known_roles())));
        if (field->kind != MFM_TEXT && (!std::isfinite(field->lower) || !std::isfinite(field->upper)))
            unbounded.emplace_back(field->name);
        if (page != nullptr && !mentions(page, field->name)) unmentioned.emplace_back(field->name);
    }
    if (*abi.version == '\0') fail("the component has no version");
    if (*abi.summary == '\0') fail("the component has no summary");
    if (!unmentioned.empty())
        fail(fmt::format("the documentation page does not mention the setting {}", fmt::join(unmentioned, ", ")));
    if (*abi.citation == '\0') report.advice("schema", "there is no citation: users cannot say whose work it is");
    if (page == nullptr) report.advice("schema", "there is no documentation page (equations, parameters, references)");
    if (!unbounded.empty()) report.advice("schema", fmt::format("no finite bounds: {}", fmt::join(unbounded, ", ")));
    if (sane)
        report.pass("schema", fmt::format("{} settings with unit, bounds, default inside and meaning{}", fields.size(),
                                          page != nullptr ? "; the page mentions them all" : ""));
}

} // namespace mfm::check
