// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "check/kind.hpp"

namespace mfm::check {

std::span<const Kind* const> kinds() {
    static const std::array<const Kind*, 5> all{&neuron_kind, &connectivity_kind, &stimulation_kind, &transfer_kind,
                                                &optimizer_kind};
    return all;
}

const Kind* kind_of(std::string_view interface_id) {
    for (const Kind* kind : kinds())
        if (kind->interface_id == interface_id) return kind;
    return nullptr;
}

} // namespace mfm::check
