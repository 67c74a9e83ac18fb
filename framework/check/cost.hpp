// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "check/child.hpp"

namespace mfm::check {

/// Measures time and memory of calls, and finds those that keep memory.
class CostMeter {
public:
    explicit CostMeter(Reporter& report) : report_(report) {}
    /// Calls f some times.  unit and units: what one call works on ("neuron step", 16384).  f itself must keep nothing.
    void measure(const std::string& function, const std::string& unit, double units, const std::function<void()>& f);
    /// One finding: that nothing grew, or what did.
    void conclude() const;

private:
    Reporter& report_;
    std::vector<std::string> measured_, growing_;
};

} // namespace mfm::check
