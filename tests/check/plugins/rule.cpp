// SPDX-License-Identifier: Apache-2.0
// Every target cell draws five sources, against the bare ABI; passes, and fails with one defect each (-DNAME).
#include <mfm/abi.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

constexpr std::uint64_t sources = 5;

#ifdef NEEDS_A_FILE
const mfm_field file{
    sizeof(mfm_field), MFM_TEXT, MFM_PATH | MFM_REQUIRED, 0, "file", "1", "what cells look like", 0, 0, 0,
    nullptr,           nullptr};
const mfm_field* const settings[] = {&file, nullptr};
#else
const mfm_field* const settings[] = {nullptr};
#endif

mfm_status create(const mfm_value* const*, void** self, mfm_error*) noexcept {
    *self = nullptr;
    return MFM_OK;
}
void destroy(void*) noexcept {}
mfm_status prepare(void*, const mfm_projection* projection, void** plan, mfm_error*) noexcept {
    *plan = new const mfm_projection*(projection);
    return MFM_OK;
}
void release(void*, [[maybe_unused]] void* plan) noexcept {
#ifndef FORGETS_THE_PLAN
    delete static_cast<const mfm_projection**>(plan);
#endif
}
mfm_status degree(void*, const void*, [[maybe_unused]] std::uint64_t first, std::uint64_t n, std::uint64_t* out,
                  mfm_error*) noexcept {
    for (std::uint64_t i = 0; i < n; ++i) out[i] = sources;
#ifdef COUNTS_MORE
    if (first == 0) ++out[0];
#endif
    return MFM_OK;
}
std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
mfm_status fill(void*, const void* plan, std::uint64_t first, std::uint64_t n, const std::uint64_t* start,
                std::uint32_t* partner, double*, [[maybe_unused]] double* delay, mfm_error*) noexcept {
    const mfm_projection& projection = **static_cast<const mfm_projection* const*>(plan);
    static std::uint64_t calls = 0;
    (void)calls;
    for (std::uint64_t i = 0; i < n; ++i) {
        std::uint64_t stream = projection.stream, row = first + i;
#ifdef IGNORES_THE_STREAM
        stream = 0;
#elif defined(DEPENDS_ON_THE_CALL)
        row = i;
#elif defined(DRAWS_IN_ORDER)
        row = ++calls;
#endif
        // Five different ones: steps through the sources from a place that depends on seed, stream and row.
        const std::uint64_t from =
            mixed(mixed(mixed(projection.seed + 1) ^ (stream + 1)) ^ (row + 1)) % projection.source->n;
        for (std::uint64_t k = 0; k < sources; ++k)
            partner[start[i] + k] = static_cast<std::uint32_t>((from + 7 * k) % projection.source->n);
    }
#ifdef GIVES_STRANGERS
    partner[0] = static_cast<std::uint32_t>(projection.source->n);
#elif defined(GIVES_NO_DELAY)
    delay[0] = 0;
#elif defined(WRITES_THE_NEXT_ROW)
    partner[start[n]] = 0;
#endif
    return MFM_OK;
}
mfm_status in_degree(void*, const mfm_projection*, double* mean, double* sd, mfm_error*) noexcept {
    *mean = sources;
    *sd = 0;
#ifdef LIES_ON_THE_MEAN
    *mean = sources + 1;
#elif defined(LIES_ON_THE_SPREAD)
    *sd = 2;
#endif
    return MFM_OK;
}

const mfm_connectivity_v1 table{
    sizeof(mfm_connectivity_v1), MFM_BY_TARGET, &prepare, &release, &degree, &fill, &in_degree};
const mfm_interface interfaces[] = {{MFM_CONNECTIVITY_ID, &table}, {nullptr, nullptr}};
const mfm_component component{
    sizeof(mfm_component), 0, "rule", "1.0.0", "five sources", "none", settings, &create, &destroy, interfaces,
    "the setting file"};
const mfm_component* const components[] = {&component, nullptr};

} // namespace

extern "C" MFM_EXPORT const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-",
                                                        components,         nullptr};
