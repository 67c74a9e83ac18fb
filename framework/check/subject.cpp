// SPDX-License-Identifier: Apache-2.0
#include "check/subject.hpp"

#include <barrier>
#include <cstring>
#include <exception>
#include <thread>

#include <fmt/format.h>
#include <mfm/random.hpp>

#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

/// The values in guarded memory, as create() wants them.
const mfm_value* const* values_in(Arrays& arrays, const Subject& subject, const SettingValues& settings) {
    const auto fields = setting_fields(subject.component);
    std::vector<const mfm_value*> pointers;
    for (std::size_t i = 0; i < settings.size(); ++i) {
        const SettingValue& from = settings[i];
        const std::string name = fmt::format("the value of setting '{}'", fields[i]->name);
        mfm_value value{};
        value.size = sizeof value;
        value.kind = from.kind;
        value.real = from.real;
        value.integer = from.integer;
        value.text = arrays.given(name, std::span<const char>(from.text.c_str(), from.text.size() + 1));
        value.list = arrays.given(name, from.list);
        value.length = from.list.size();
        pointers.push_back(arrays.given_one(name, value));
    }
    pointers.push_back(nullptr);
    return arrays.given("the list of settings", pointers);
}

} // namespace

namespace detail {

Returned returned(const char* name, mfm_status status, const ErrorOnStack& place) {
    const ErrorOnStack fresh;
    if (place.before != fresh.before || place.after != fresh.after || place.error.size != sizeof(mfm_error))
        throw Failed("error", std::string(name) + " wrote outside of the message of its mfm_error");
    const std::size_t length = strnlen(place.error.message, sizeof place.error.message);
    if (length == sizeof place.error.message)
        throw Failed("error", std::string(name) + " left a message without its ending zero");
    return {status, status == MFM_OK ? "" : std::string(place.error.message, length)};
}

void threw(const char* name, const char* what) {
    throw Failed("exceptions", fmt::format("{} threw an exception ({}), which no plugin may do", name, what));
}

} // namespace detail

Live::Live(const Subject& subject, const SettingValues& settings, Place place) : subject_(subject), past_(place) {
    const auto* const values = values_in(past_, subject, settings);
    const Returned made = call("create", subject.component.abi->create, values, &self_);
    if (!made.ok())
        throw Failed("create", made.reason.empty() ? "create refused its settings and gave no reason"
                                                   : "create refused its settings: " + made.reason);
    past_.release();
}

Live::~Live() {
    if (self_ == nullptr) return;
    set_call("destroy");
    subject_.component.abi->destroy(self_);
}

Returned Live::try_create(const Subject& subject, const SettingValues& settings) {
    Arrays arrays(Place::Heap);
    void* self = nullptr;
    const Returned made = call("create", subject.component.abi->create, values_in(arrays, subject, settings), &self);
    if (made.ok()) {
        set_call("destroy");
        subject.component.abi->destroy(self);
    }
    return made;
}

void in_threads(unsigned n, const std::function<void(unsigned)>& f) {
    std::barrier start(static_cast<std::ptrdiff_t>(n));
    std::vector<std::exception_ptr> failures(n);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < n; ++t)
        threads.emplace_back([&, t] {
            start.arrive_and_wait();
            try {
                f(t);
            } catch (...) {
                failures[t] = std::current_exception();
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

double spread(std::uint64_t i, std::uint64_t k) {
    return RandomSequence(20, k, i, 0).uniform();
}

} // namespace mfm::check
