// SPDX-License-Identifier: Apache-2.0
// Exceptions out of C functions that no authoring layer guards.
#include <mfm/abi.h>

#include <stdexcept>

namespace {
// The tables' types promise noexcept, which these functions break: only a cast lets them in.
mfm_status create(const mfm_value* const*, void**, mfm_error*) {
    throw std::runtime_error("thrown inside");
}
void destroy(void*) noexcept {}
mfm_status attach(const mfm_host*, mfm_error*) {
    throw 42;
}

const mfm_field* const settings[] = {nullptr};
const mfm_interface interfaces[] = {{nullptr, nullptr}};
const mfm_component component{
    sizeof(mfm_component),
    0,
    "throws",
    "1.0.0",
    "throws",
    "",
    settings,
    reinterpret_cast<mfm_status (*)(const mfm_value* const*, void**, mfm_error*) noexcept>(&create),
    &destroy,
    interfaces,
    nullptr};
const mfm_component* const components[] = {&component, nullptr};
[[maybe_unused]] constexpr auto attach_that_throws = &attach;
} // namespace

#ifdef ATTACH_THROWS
#define ATTACH reinterpret_cast<mfm_status (*)(const mfm_host*, mfm_error*) noexcept>(attach_that_throws)
#else
#define ATTACH nullptr
#endif
extern "C" MFM_EXPORT const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-",
                                                        components,         ATTACH};
