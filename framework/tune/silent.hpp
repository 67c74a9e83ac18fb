// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "support/progress.hpp"

namespace mfm {

/// Says nothing: for what is done a thousand times inside of a task that has a line of its own.
class SilentProgress final : public Progress {
public:
    void begin(const std::string&, std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void end(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string&) override {}
};

} // namespace mfm
