// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdlib>

namespace mfm {

/// Lanes per block: what this processor does best, or what MFM_LANES (2, 8, 16) asks for, as far as it can.
inline int vector_lanes() {
    static const int lanes = [] {
        int best = 2;
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = 8;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
            best = 16;
#endif
        if (const char* asked = std::getenv("MFM_LANES")) {
            const int n = std::atoi(asked);
            if (n == 2 || n == 8 || n == 16) best = n < best ? n : best;
        }
        return best;
    }();
    return lanes;
}

} // namespace mfm
