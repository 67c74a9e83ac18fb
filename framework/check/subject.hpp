// SPDX-License-Identifier: Apache-2.0
// The component under test, inside of a child: its settings, its instances, and how its functions are called.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check/arrays.hpp"
#include "check/child.hpp"
#include "check/shared_page.hpp"
#include "plugin/component.hpp"

namespace mfm::check {

struct Kind;

struct Subject {
    Component component;
    const Kind* kind; ///< NULL for a component of unknown interfaces
    SettingValues settings;
    std::vector<std::string> projections; ///< [settings] the earlier projection that a setting names, or ""
    Reporter& report;
};

/// How a function returned.
struct Returned {
    mfm_status status = MFM_OK;
    std::string reason;
    [[nodiscard]] bool ok() const { return status == MFM_OK; }
};

/// Calls a function of the plugin that takes its error last.  Throws Failed for an exception that came out of it, and
/// for a message that is no text or lies outside of its struct.  Any thread.
template <class... P, class... A>
Returned call(const char* name, mfm_status (*function)(P...) noexcept, A... arguments);
/// The same, and a status other than MFM_OK is a failure of `check`.
template <class... P, class... A>
void must(const std::string& check, const char* name, mfm_status (*function)(P...) noexcept, A... arguments) {
    const Returned returned = call(name, function, arguments...);
    if (!returned.ok())
        throw Failed(check, std::string(name) +
                                " failed: " + (returned.reason.empty() ? "it gave no reason" : returned.reason));
}

/// An instance.  What create() was given is out of reach as soon as it has returned.
class Live {
public:
    /// Throws Failed when create() refuses.  On the heap or guarded; a guarded one is for the main thread only.
    Live(const Subject&, const SettingValues&, Place place = Place::End);
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live();
    /// What create() says to these settings, and nothing kept.
    [[nodiscard]] static Returned try_create(const Subject&, const SettingValues&);
    [[nodiscard]] void* self() const { return self_; }
    template <class T> [[nodiscard]] const T& table(std::string_view id) const {
        return *static_cast<const T*>(subject_.component.interface(id));
    }
    /// Memory that the plugin saw while it was made, and may not see any more.
    [[nodiscard]] Arrays& past() { return past_; }

private:
    const Subject& subject_;
    Arrays past_;
    void* self_ = nullptr;
};

namespace detail {
/// The error struct on the stack, with something beside it that a careless plugin overwrites.
struct ErrorOnStack {
    std::uint64_t before = 0x5afe5afe5afe5afeULL;
    mfm_error error = empty_error();
    std::uint64_t after = 0x5afe5afe5afe5afeULL;
};
[[nodiscard]] Returned returned(const char* name, mfm_status, const ErrorOnStack&);
[[noreturn]] void threw(const char* name, const char* what);
} // namespace detail

template <class... P, class... A>
Returned call(const char* name, mfm_status (*function)(P...) noexcept, A... arguments) {
    detail::ErrorOnStack place;
    // Without noexcept in its type: see Instance.
    mfm_status (*const plain)(P...) = function;
    set_call(name);
    mfm_status status = MFM_OK;
    try {
        status = plain(arguments..., &place.error);
    } catch (const std::exception& e) {
        detail::threw(name, e.what());
    } catch (...) {
        detail::threw(name, "of unknown type");
    }
    return detail::returned(name, status, place);
}

/// f(0) ... f(n - 1), each in a thread of its own, all let go at once; the first exception is thrown again here.
void in_threads(unsigned n, const std::function<void(unsigned)>& f);

/// A number in [0, 1) that depends on its place alone.
[[nodiscard]] double spread(std::uint64_t i, std::uint64_t k = 0);

} // namespace mfm::check
