// SPDX-License-Identifier: Apache-2.0
// Memory that is handed to a plugin.  In a guarded place every array has pages around it that nobody may touch, and one
// that the plugin may only read cannot be written: a fault becomes a sentence with the array's name (see child.cpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace mfm::check {

/// Where an array lies: on the heap; so that it ends where a page ends; so that it begins where a page begins.
enum class Place { Heap, End, Begin };

/// What outputs hold before a call: a NaN that no computation makes, so that what was not written is seen.
inline constexpr std::uint64_t unwritten_bits = 0x7ff5dead5eedbeefULL;
[[nodiscard]] double unwritten();
[[nodiscard]] bool is_unwritten(double);

/// Arrays of one set of calls, freed together.
class Arrays {
public:
    explicit Arrays(Place place) : place_(place) {}
    Arrays(const Arrays&) = delete;
    Arrays& operator=(const Arrays&) = delete;
    ~Arrays();

    /// A copy that the plugin may only read.
    template <class T> const T* given(const std::string& name, std::span<const T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        auto* const to =
            static_cast<T*>(allocate(name, values.size() * sizeof(T), sizeof(T), alignment<T>(values.size())));
        if (!values.empty()) std::memcpy(static_cast<void*>(to), values.data(), values.size_bytes());
        seal(to);
        return to;
    }
    template <class T> const T* given(const std::string& name, const std::vector<T>& values) {
        return given(name, std::span<const T>(values));
    }
    template <class T> const T* given_one(const std::string& name, const T& value) {
        return given(name, std::span<const T>(&value, 1));
    }
    /// A copy that it may change.
    template <class T> T* shared(const std::string& name, std::span<const T> values) {
        auto* const to =
            static_cast<T*>(allocate(name, values.size() * sizeof(T), sizeof(T), alignment<T>(values.size())));
        if (!values.empty()) std::memcpy(static_cast<void*>(to), values.data(), values.size_bytes());
        return to;
    }
    template <class T> T* shared(const std::string& name, const std::vector<T>& values) {
        return shared(name, std::span<const T>(values));
    }
    /// n numbers for it to write, unwritten() before.
    double* wanted(const std::string& name, std::size_t n);
    /// From now on nobody may read any of these; a fault says that the plugin kept them.
    void release();

private:
    template <class T> std::size_t alignment(std::size_t n) const {
        // 64 bytes as the ABI promises for arrays of cells; what is shorter has its type's own.
        return n * sizeof(T) % 64 == 0 ? 64 : alignof(T);
    }
    void* allocate(const std::string& name, std::size_t bytes, std::size_t element, std::size_t alignment);
    void seal(void* array);
    struct Block {
        void* map;
        std::size_t map_bytes;
        void* array;
        std::size_t region; ///< its row in the table of regions
    };
    Place place_;
    std::vector<Block> blocks_;
};

/// What is known of an address: filled from the table of guarded arrays; safe to call in a signal handler.
struct Fault {
    bool known = false, released = false, inside = false;
    char array[64] = {};
    std::int64_t element = 0;
};
[[nodiscard]] Fault look_up(const void* address) noexcept;

} // namespace mfm::check
