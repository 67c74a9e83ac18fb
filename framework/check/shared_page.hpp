// SPDX-License-Identifier: Apache-2.0
// What a child tells its parent even when it dies: a page of memory that both see.
#pragma once
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace mfm::check {

struct SharedPage {
    char call[64];        ///< the plugin's function that runs, or ""
    char exception[256];  ///< what ended the process by std::terminate, or ""
    int signal;           ///< 0: none was caught
    bool write;           ///< the fault was a write (where the processor says so)
    bool known;           ///< the address belongs to an array
    bool released;        ///< of memory that was the plugin's for one call only
    bool inside;          ///< within the array, and not beyond one of its ends
    char array[64];       ///< its name
    std::int64_t element; ///< which element of it: negative before the beginning
    std::uint64_t address;
};

/// The page of this process; NULL outside of a child.
[[nodiscard]] SharedPage* shared_page() noexcept;
/// Notes which of the plugin's functions runs; "" when none does.
void set_call(const char* function) noexcept;

} // namespace mfm::check
