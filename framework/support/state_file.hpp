// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mfm {

/// A file in which a computation is put down in its middle, to be taken up again by the same program on the same kind
/// of machine: named arrays one after the other, behind a line that says what the file is and whose, in front of a
/// checksum of everything.  Its length is that of the arrays; it is written in one piece or not at all.
class StateWriter {
public:
    /// what: the kind of state, with the number of its layout ("engine 1"); hash: of everything it depends on.
    StateWriter(std::string_view what, std::string_view hash);

    template <class T> void put(std::string_view name, std::span<const T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        begin(name, sizeof(T), values.size());
        bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
    template <class T, class A> void put(std::string_view name, const std::vector<T, A>& values) {
        put(name, std::span<const T>(values));
    }
    template <class T>
    requires std::is_arithmetic_v<T>
    void put(std::string_view name, T value) { put(name, std::span<const T>(&value, 1)); }
    /// Throws InputError when the file cannot be written.
    void save(const std::filesystem::path& file);

private:
    void begin(std::string_view name, std::size_t size, std::size_t count);
    std::string bytes_;
};

/// Reads what a StateWriter wrote, in the same order.  Every function throws an InputError with the reason when the
/// file is damaged, of something else, or holds something else at this place.
class StateReader {
public:
    StateReader(std::filesystem::path file, std::string_view what, std::string_view hash);

    /// As many values as there are.
    template <class T, class A> void get(std::string_view name, std::vector<T, A>& values) {
        static_assert(std::is_trivially_copyable_v<T>);
        values.resize(begin(name, sizeof(T)));
        take(values.data(), values.size() * sizeof(T));
    }
    /// Exactly as many values as there is place for.
    template <class T> void get(std::string_view name, std::span<T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        expect(name, begin(name, sizeof(T)), values.size());
        take(values.data(), values.size_bytes());
    }
    template <class T>
    requires std::is_arithmetic_v<T>
    void get(std::string_view name, T& value) { get(name, std::span<T>(&value, 1)); }
    /// Refuses a file whose `name` does not have this length.
    void expect(std::string_view name, std::size_t found, std::size_t expected) const;

private:
    [[nodiscard]] std::size_t begin(std::string_view name, std::size_t size);
    void take(void* to, std::size_t n);
    [[noreturn]] void refuse(const std::string& why) const;
    std::filesystem::path file_;
    std::string bytes_;
    std::size_t at_ = 0;
};

} // namespace mfm
