// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace mfm {

/// Says, for as long as it lives, that this thread waits for a function of someone else's code, so that whoever looks
/// can tell who holds the run.  Calls may be nested (an optimizer asks for residuals, which ask a basis): the outermost
/// one counts, the innermost one is told as well.  Names must outlive every look: a loaded plugin's do.  Costs a few
/// stores.
class HeldBy {
public:
    HeldBy(const char* plugin, const char* function) noexcept;
    ~HeldBy();
    HeldBy(const HeldBy&) = delete;
    HeldBy& operator=(const HeldBy&) = delete;

private:
    bool outermost_ = false;
    const char *plugin_ = nullptr, *function_ = nullptr; ///< of the nested call around this one
};

/// Looks now and then, and reports each call that has not come back for `patience`, and again whenever it has taken
/// twice as long: "plugin 'x' has been in its function solve for 10 s; ...".  `report` is called from a thread of its
/// own.
class HeldWatch {
public:
    HeldWatch(std::chrono::milliseconds patience, std::function<void(const std::string&)> report);

private:
    std::jthread thread_;
};

} // namespace mfm
