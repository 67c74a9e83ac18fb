// SPDX-License-Identifier: Apache-2.0
// What every kind of plugin shares: settings as struct members, exceptions kept inside, the exported table.
#pragma once
#include <mfm/abi.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iterator>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define MFM_SDK_VERSION "1.0.0"

namespace mfm {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Throw this for "not here, but elsewhere" (MFM_INFEASIBLE); any other exception means "give up" (MFM_ERROR).
class Infeasible : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A member of a settings (or state) struct and its row in the schema, on one line:
///     mfm::Field{&Settings::tau, "tau", "ms", 20., 0., 1e4, "membrane time
///     constant"}.open_lower().role(MFM_ROLE_TAU_M)
/// Members may be double, int, std::int64_t, bool, std::string and std::vector<double>.
template <class Owner, class Member> struct Field {
    Member Owner::*member;
    mfm_field schema;

    constexpr Field(Member Owner::*m, const char* name, const char* unit, double initial, double lower, double upper,
                    const char* doc)
        : member(m), schema{sizeof(mfm_field), kind(), 0, 0, name, unit, doc, initial, lower, upper, nullptr, nullptr} {
    }
    /// A text; with choices (a static, NULL-ended array) the first is the default, without them "" is.
    constexpr Field(Member Owner::*m, const char* name, const char* const* choices, const char* doc)
        : member(m), schema{sizeof(mfm_field), MFM_TEXT, 0, 0, name, "1", doc, 0, 0, 0, choices, nullptr} {}
    [[nodiscard]] constexpr Field per_neuron() const { return with(MFM_PER_NEURON); }
    [[nodiscard]] constexpr Field open_lower() const { return with(MFM_OPEN_LOWER); }
    [[nodiscard]] constexpr Field open_upper() const { return with(MFM_OPEN_UPPER); }
    [[nodiscard]] constexpr Field required() const { return with(MFM_REQUIRED); }
    [[nodiscard]] constexpr Field path() const { return with(MFM_PATH); }
    [[nodiscard]] constexpr Field projection_name() const { return with(MFM_PROJECTION_NAME); }
    [[nodiscard]] constexpr Field role(const char* name) const {
        Field copy = *this;
        copy.schema.role = name;
        return copy;
    }

private:
    [[nodiscard]] constexpr Field with(std::uint32_t flag) const {
        Field copy = *this;
        copy.schema.flags |= flag;
        return copy;
    }
    static constexpr std::uint32_t kind() {
        if constexpr (std::is_same_v<Member, bool>)
            return MFM_BOOLEAN;
        else if constexpr (std::is_integral_v<Member>)
            return MFM_INTEGER;
        else if constexpr (std::is_same_v<Member, std::string>)
            return MFM_TEXT;
        else if constexpr (std::is_same_v<Member, std::vector<double>>)
            return MFM_REAL_LIST;
        else
            return MFM_REAL;
    }
};

/// The schema of a struct with `static constexpr auto fields()`, as the ABI wants it, made at compile time.
template <class S> struct Schema {
    static constexpr auto fields = S::fields();
    static constexpr std::size_t size = std::tuple_size_v<decltype(fields)>;
    static constexpr std::array<mfm_field, size> rows =
        std::apply([](const auto&... f) { return std::array<mfm_field, size>{f.schema...}; }, fields);
    template <std::size_t... I>
    static constexpr std::array<const mfm_field*, size + 1> pointers(std::index_sequence<I...>) {
        return {&rows[I]..., nullptr};
    }
    static constexpr std::array<const mfm_field*, size + 1> list = pointers(std::make_index_sequence<size>{});

    /// A struct filled from the host's values.
    static S read(const mfm_value* const* values) {
        S out{};
        std::size_t i = 0;
        std::apply([&](const auto&... f) { (assign(out.*(f.member), *values[i++]), ...); }, fields);
        return out;
    }

private:
    template <class M> static void assign(M& member, const mfm_value& v) {
        if constexpr (std::is_same_v<M, bool>)
            member = v.integer != 0;
        else if constexpr (std::is_integral_v<M>)
            member = static_cast<M>(v.integer);
        else if constexpr (std::is_same_v<M, std::string>)
            member = v.text != nullptr ? v.text : "";
        else if constexpr (std::is_same_v<M, std::vector<double>>)
            member.assign(v.list, v.list + v.length);
        else
            member = v.real;
    }
};
/// For plugins without settings.
struct NoSettings {
    static constexpr auto fields() { return std::tuple<>{}; }
};

/// A copy of a struct of the host, which may be shorter than this header's (what it lacks is 0) or longer.
template <class S> [[nodiscard]] S copy_of(const S& host) noexcept {
    S out{};
    const std::uint32_t size = host.size < sizeof out ? host.size : static_cast<std::uint32_t>(sizeof out);
    std::memcpy(&out, &host, size);
    out.size = size;
    return out;
}

inline void write_message(mfm_error* error, const char* text) noexcept {
    if (MFM_HAS(error, message)) // a later header's mfm_error may be longer than the host's
        std::snprintf(error->message, sizeof error->message, "%s", text);
}

/// Runs f and turns what it throws into a status; nothing crosses the boundary.
template <class F> mfm_status guarded(mfm_error* error, F&& f) noexcept {
    try {
        std::forward<F>(f)();
        return MFM_OK;
    } catch (const Infeasible& e) {
        write_message(error, e.what());
        return MFM_INFEASIBLE;
    } catch (const std::exception& e) {
        write_message(error, e.what());
    } catch (...) {
        write_message(error, "an unknown exception");
    }
    return MFM_ERROR;
}

/// documentation of an author's struct, when it has one.
template <class T> constexpr const char* documentation_of() {
    if constexpr (requires { T::documentation; })
        return T::documentation;
    else
        return nullptr;
}
/// settings type of an author's struct: its Settings, or none.
template <class T, class = void> struct SettingsOf { using type = NoSettings; };
template <class T> struct SettingsOf<T, std::void_t<typename T::Settings>> { using type = typename T::Settings; };

/// The interfaces of a component, NULL-ended: those of its kind, then those that the author's class adds under ids of
/// its own,
///     static constexpr mfm_interface interfaces[] = {{"org.example.curve/1", &table}};
template <class T, std::size_t N> constexpr auto with_own_interfaces(const std::array<mfm_interface, N>& kind) {
    if constexpr (requires { T::interfaces; }) {
        std::array<mfm_interface, N + std::size(T::interfaces) + 1> all{};
        std::copy(std::begin(T::interfaces), std::end(T::interfaces), std::copy(kind.begin(), kind.end(), all.begin()));
        return all;
    } else {
        std::array<mfm_interface, N + 1> all{};
        std::copy(kind.begin(), kind.end(), all.begin());
        return all;
    }
}

/// The component of an author's class T (id, version, summary, citation, optional Settings and documentation) that is
/// constructible from its Settings, with these interfaces.
template <class T, class Interfaces> struct ComponentOf {
    using Settings = typename SettingsOf<T>::type;
    static mfm_status create(const mfm_value* const* values, void** self, mfm_error* error) noexcept {
        return guarded(error, [&] {
            if constexpr (std::is_constructible_v<T, Settings>)
                *self = new T(Schema<Settings>::read(values));
            else
                *self = new T();
        });
    }
    static void destroy(void* self) noexcept { delete static_cast<T*>(self); }
    /// The author's object behind the `self` that functions of interfaces get.
    static const T& author(const void* self) { return *static_cast<const T*>(self); }
    static constexpr auto interfaces = with_own_interfaces<T>(Interfaces::list);
    static constexpr mfm_component component{
        sizeof(mfm_component),         0,       T::id,    T::version,        T::summary,           T::citation,
        Schema<Settings>::list.data(), &create, &destroy, interfaces.data(), documentation_of<T>()};
};

/// A component that has the interfaces of its author alone: MFM_PLUGIN("My Lab", mfm::OwnInterfaces<MyClass>).
struct NoKind {
    static constexpr std::array<mfm_interface, 0> list{};
};
template <class T> struct OwnInterfaces : ComponentOf<T, NoKind> {};

template <class... C> struct ComponentList {
    static constexpr const mfm_component* list[] = {&C::component..., nullptr};
};

} // namespace mfm

#if defined(__clang__)
#define MFM_COMPILER "clang " __clang_version__
#else
#define MFM_COMPILER "gcc " __VERSION__
#endif
/// The exported table: MFM_PLUGIN("My Lab", mfm::NeuronModel<MyModel>, ...); once in a library.
#define MFM_PLUGIN(vendor, ...)                                                                                        \
    extern "C" MFM_EXPORT constinit const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin),                              \
                                                                      MFM_ABI_MAJOR,                                   \
                                                                      MFM_ABI_MINOR,                                   \
                                                                      0,                                               \
                                                                      vendor,                                          \
                                                                      MFM_SDK_VERSION,                                 \
                                                                      MFM_COMPILER,                                    \
                                                                      ::mfm::ComponentList<__VA_ARGS__>::list,         \
                                                                      nullptr};                                        \
    static_assert(true)
