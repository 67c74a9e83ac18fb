// SPDX-License-Identifier: Apache-2.0
// F = exp(a + b G_e) against the bare ABI; passes, and fails with one defect each (-DNAME).
#include <mfm/abi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

mfm_field row(const char* name, const char* unit, double initial, double lower, double upper) {
    return {sizeof(mfm_field), MFM_REAL, 0, 0, name, unit, "what it is", initial, lower, upper, nullptr, nullptr};
}
#ifdef UNKNOWN_INPUT
const mfm_field G_e = row("V_mean", "mV", 0, -HUGE_VAL, HUGE_VAL);
#else
const mfm_field G_e = row("G_e", "nS", 0, -HUGE_VAL, HUGE_VAL);
#endif
const mfm_field a = row("a", "1", 1, -5, 5), b = row("b", "1/nS", 0.1, 0, 1);
const mfm_field *const inputs[] = {&G_e, nullptr}, *const coefficients[] = {&a, &b, nullptr},
                       *const settings[] = {nullptr};

mfm_status create(const mfm_value* const*, void** self, mfm_error*) noexcept {
    *self = nullptr;
    return MFM_OK;
}
void destroy(void*) noexcept {}
mfm_status shape(void*, const mfm_field* const** in, const mfm_field* const** out, mfm_error*) noexcept {
    *in = inputs;
    *out = coefficients;
    return MFM_OK;
}
mfm_status guess(void*, const mfm_transfer_batch*, double* coefficient, mfm_error*) noexcept {
    coefficient[0] = 1;
#ifndef GUESSES_HALF
    coefficient[1] = 0.1;
#endif
#ifdef GUESSES_OUT_OF_BOUNDS
    coefficient[1] = -0.1;
#endif
    return MFM_OK;
}
mfm_status evaluate(void*, const mfm_transfer_batch* batch, mfm_error*) noexcept {
    const mfm_transfer_batch& q = *batch;
    for (std::uint32_t i = 0; i < q.n; ++i) {
        double x = q.input[0][i], slope = q.coefficient[1];
#ifdef MASKS_NAN
        x = std::fmax(x, 0.0);
#elif defined(DEPENDS_ON_THE_BATCH)
        x += 1e-12 * q.n;
#endif
        const double F = std::exp(q.coefficient[0] + slope * x);
#ifdef FORGETS_THE_LAST
        if (i + 1 == q.n && q.n > 1) break;
#endif
        q.value[i] = F;
        if (q.d_coefficient != nullptr) {
            q.d_coefficient[0][i] = F;
            q.d_coefficient[1][i] = F * x;
#ifdef WRONG_BY_COEFFICIENT
            q.d_coefficient[1][i] = F;
#endif
        }
        if (q.d_input != nullptr) {
            q.d_input[0][i] = F * slope;
#ifdef WRONG_BY_INPUT
            q.d_input[0][i] *= 1.001;
#endif
        }
        if (q.d2_input != nullptr) q.d2_input[0][i] = F * slope * slope;
    }
    return MFM_OK;
}

const mfm_transfer_v1 table{sizeof(mfm_transfer_v1), 0, &shape, &guess, &evaluate};
const mfm_interface interfaces[] = {{MFM_TRANSFER_ID, &table}, {nullptr, nullptr}};
const mfm_component component{
    sizeof(mfm_component), 0, "basis", "1.0.0", "an exponential", "none", settings, &create, &destroy, interfaces,
    "no settings"};
const mfm_component* const components[] = {&component, nullptr};

} // namespace

extern "C" MFM_EXPORT const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-",
                                                        components,         nullptr};
