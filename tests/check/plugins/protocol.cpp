// SPDX-License-Identifier: Apache-2.0
// A rate that rises for a second, against the bare ABI; passes, and fails with one defect each (-DNAME).
#include <mfm/abi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace {

#ifdef TEXT_KEPT
const mfm_field text{sizeof(mfm_field), MFM_TEXT, 0, 0, "name", "1", "what it is called", 0, 0, 0, nullptr, nullptr};
const mfm_field* const settings[] = {&text, nullptr};
#else
const mfm_field* const settings[] = {nullptr};
#endif

mfm_status create([[maybe_unused]] const mfm_value* const* values, void** self, mfm_error*) noexcept {
    *self = nullptr;
#ifdef TEXT_KEPT
    *self = const_cast<char*>(values[0]->text);
#elif defined(LEAKS_IN_CREATE)
    volatile char* lost = static_cast<char*>(std::malloc(5000));
    lost[0] = 1;
#endif
    return MFM_OK;
}
void destroy(void*) noexcept {}
mfm_status count(void*, std::uint32_t* n, mfm_error*) noexcept {
    *n = 1;
#ifdef NO_CONDITION
    *n = 0;
#endif
    return MFM_OK;
}
mfm_status describe([[maybe_unused]] void* self, std::uint32_t, mfm_condition* out, mfm_error*) noexcept {
    out->duration = 1000;
    out->onset = 0;
    out->offset = 1000;
    std::snprintf(out->label, sizeof out->label, "a ramp");
#ifdef TEXT_KEPT
    std::snprintf(out->label, sizeof out->label, "%s", static_cast<const char*>(self));
#elif defined(OFFSET_BEFORE_ONSET)
    out->onset = 2000;
#elif defined(SAYS_STATIONARY)
    out->flags = MFM_STATIONARY;
#endif
    return MFM_OK;
}
mfm_status level(void*, std::uint32_t, double* rate, mfm_error*) noexcept {
    *rate = 5;
#ifdef LEVEL_IS_NAN
    *rate = std::numeric_limits<double>::quiet_NaN();
#endif
    return MFM_OK;
}
mfm_status course(void*, std::uint32_t, double t0, double dt, std::uint64_t n, double* rate,
                  [[maybe_unused]] mfm_error* error) noexcept {
#ifdef FAILS_WITHOUT_A_REASON
    return MFM_ERROR;
#elif defined(WRITES_PAST_ITS_MESSAGE)
    for (unsigned i = 0; i < sizeof(mfm_error); ++i) error->message[i] = 'x';
#endif
    for (std::uint64_t i = 0; i < n; ++i) {
        double t = t0 + static_cast<double>(i) * dt;
#ifdef COUNTS_FROM_THE_CALL
        t = static_cast<double>(i) * dt;
#endif
        rate[i] = 5 + 0.01 * std::clamp(t, 0.0, 1000.0);
#ifdef GOES_NEGATIVE
        rate[i] -= 6;
#endif
    }
    return MFM_OK;
}

const mfm_stimulation_v1 table{sizeof(mfm_stimulation_v1), 0, &count, &describe, &level, &course};
#ifdef ANOTHER_INTERFACE
const mfm_interface interfaces[] = {{"org.example.thing/2", &table}, {MFM_STIMULATION_ID, &table}, {nullptr, nullptr}};
#else
const mfm_interface interfaces[] = {{MFM_STIMULATION_ID, &table}, {nullptr, nullptr}};
#endif
const mfm_component component{
    sizeof(mfm_component), 0, "ramp", "1.0.0", "a ramp", "none", settings, &create, &destroy, interfaces, "the name"};
const mfm_component* const components[] = {&component, nullptr};

} // namespace

extern "C" MFM_EXPORT const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-",
                                                        components,         nullptr};
