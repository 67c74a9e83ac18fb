// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/random.hpp>

#include "config/pipeline.hpp"

namespace mfm {

/// Mean of a distribution as it is meant, before any cut.
[[nodiscard]] double mean_of(const Distribution&);

/// One draw.  Gamma and Lognormal with a negative mean are the mirror image of those with a positive one.
[[nodiscard]] double draw(const Distribution&, RandomSequence&);

/// Draws again until the value is not on the other side of 0 from the mean (a weight keeps its sign); throws InputError
/// at `where` when that is hopeless.
[[nodiscard]] double draw_same_sign(const Distribution&, RandomSequence&, const SourcePosition& where,
                                    const char* what);

/// Draws again until the value is at least `lower`; throws InputError at `where` when that is hopeless.
[[nodiscard]] double draw_at_least(const Distribution&, double lower, RandomSequence&, const SourcePosition& where,
                                   const char* what);

} // namespace mfm
