// SPDX-License-Identifier: Apache-2.0
// Two small populations with places and projections between them, for connectivity rules to work on.
#pragma once
#include <string>
#include <vector>

#include <mfm/abi.h>

#include "check/arrays.hpp"

namespace mfm::check {

/// What the network looks like: sizes of source and target, whether both are the same, and onto which of them the
/// earlier projection goes.
struct NetworkShape {
    std::string name;
    std::uint64_t n_source, n_target;
    bool same;
    bool onto_target; ///< the earlier projection: onto the target cells (three relays each), or onto the source cells
                      ///< (one group each)
};
[[nodiscard]] const std::vector<NetworkShape>& network_shapes();

/// The same for the plugin, in guarded memory or on the heap; lives as long as the plan made from it.
class MadeUpNetwork {
public:
    /// wants_earlier [settings]: whether that setting names the earlier projection.
    MadeUpNetwork(const NetworkShape&, const std::vector<bool>& wants_earlier, std::uint64_t seed, std::uint64_t stream,
                  Place);
    [[nodiscard]] const mfm_projection* projection() const { return projection_; }

private:
    Arrays arrays_;
    const mfm_projection* projection_ = nullptr;
};

} // namespace mfm::check
