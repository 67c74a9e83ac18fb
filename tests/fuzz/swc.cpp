// SPDX-License-Identifier: Apache-2.0
// libFuzzer's view of the SWC reader.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mfm::test::read_any_cell({reinterpret_cast<const char*>(data), size});
    return 0;
}
