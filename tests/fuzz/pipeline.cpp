// SPDX-License-Identifier: Apache-2.0
// libFuzzer's view of the pipeline parser; plugins come from MFM_PLUGIN_PATH.
#include <cstddef>
#include <cstdint>

#include "fuzz/changes.hpp"
#include "fuzz/targets.hpp"

extern "C" {

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// Bytes change as libFuzzer likes, and in two of three cases whole lines, which leaves TOML behind more often.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    mfm::RandomSequence random(seed, 1, 1);
    if (random.below(3) == 0) return LLVMFuzzerMutate(data, size, most);
    const std::string text = mfm::test::change_line({reinterpret_cast<const char*>(data), size}, random);
    return text.copy(reinterpret_cast<char*>(data), most);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const mfm::Registry registry(mfm::plugin_search_path({}));
    mfm::test::load_anything({reinterpret_cast<const char*>(data), size}, registry);
    return 0;
}

} // extern "C"
