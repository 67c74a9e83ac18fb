// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mfm {

/// What Ctrl-C does (progress.hpp), for a host that handles signals itself; false: as if nobody had asked to stop.
void request_interrupt(bool requested) noexcept;

} // namespace mfm
