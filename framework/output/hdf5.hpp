// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/diagnostics.hpp"

namespace mfm {

/// A file that is not what was written: cut short, changed, or of another program (exit code 2).
class DamagedFile : public InputError {
public:
    DamagedFile(const std::filesystem::path& file, const std::string& what)
        : InputError("the file '" + file.string() + "' is damaged: " + what +
                     "; delete it, and the next run will make it again") {}
};

/// What stands in the first 512 bytes of each file as plain text, in front of the HDF5 part (HDF5 calls it the user
/// block).
struct FileStamp {
    std::string version; ///< of automfm
    std::string stage;   ///< "network", "spikes" ...
    std::string hash;    ///< of everything the content depends on
};

/// An open HDF5 object, closed with its own function.
class Handle {
public:
    using Close = herr_t (*)(hid_t);
    Handle() = default;
    Handle(hid_t id, Close close) : id_(id), close_(close) {}
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(close_, other.close_);
        return *this;
    }
    ~Handle() {
        if (id_ >= 0) close_(id_);
    }
    [[nodiscard]] hid_t get() const { return id_; }
    [[nodiscard]] bool open() const { return id_ >= 0; }

private:
    hid_t id_ = -1;
    Close close_ = nullptr;
};

/// Element types: double, float, std::uint8_t, std::uint32_t, std::uint64_t.
template <class T> hid_t hdf5_type();

/// Makes one file in memory; save() puts it on the disk in one piece, so that a full disk leaves nothing half-written
/// and HDF5 itself never meets an error.  Equal content gives equal bytes.  One thread at a time, as for all of HDF5.
class Hdf5Writer {
public:
    explicit Hdf5Writer(FileStamp);
    /// Groups on the way to `path` are made.
    void group(const std::string& path);
    void attribute(const std::string& path, const std::string& name, const std::string& value);
    void attribute(const std::string& path, const std::string& name, double value);
    void attribute(const std::string& path, const std::string& name, std::uint64_t value);
    /// A dataset with the attribute "unit" ("1" for pure numbers); `shape` is one-dimensional unless given, last index
    /// fastest.
    template <class T>
    void write(const std::string& path, std::span<const T> values, const std::string& unit,
               std::vector<std::size_t> shape = {}) {
        if (shape.empty()) shape = {values.size()};
        write_raw(path, values.data(), hdf5_type<T>(), unit, shape);
    }
    template <class T>
    void write(const std::string& path, const std::vector<T>& values, const std::string& unit,
               std::vector<std::size_t> shape = {}) {
        write(path, std::span<const T>(values), unit, std::move(shape));
    }
    void write(const std::string& path, const std::vector<std::string>& texts);
    void save(const std::filesystem::path& file);

private:
    void write_raw(const std::string& path, const void* values, hid_t type, const std::string& unit,
                   const std::vector<std::size_t>& shape);
    void set_attribute(const std::string& path, const std::string& name, hid_t type, const void* value);
    FileStamp stamp_;
    Handle file_, link_options_, group_options_, dataset_options_;
};

/// A file made by Hdf5Writer.  The whole of it is checked against its checksum when it is opened.
class Hdf5Reader {
public:
    /// Throws DamagedFile, or InputError when it cannot be read at all.
    explicit Hdf5Reader(std::filesystem::path file);
    [[nodiscard]] const FileStamp& stamp() const { return stamp_; }
    /// A group or dataset of this path, whose groups on the way there are.
    [[nodiscard]] bool has(const std::string& path) const;
    [[nodiscard]] std::string text(const std::string& path, const std::string& name) const;
    [[nodiscard]] double real(const std::string& path, const std::string& name) const;
    [[nodiscard]] std::uint64_t integer(const std::string& path, const std::string& name) const;
    template <class T> [[nodiscard]] std::vector<T> read(const std::string& path) const {
        const Handle dataset = open_dataset(path, hdf5_type<T>());
        std::vector<T> values(size_of(dataset));
        read_raw(dataset, path, hdf5_type<T>(), values.data(), values.empty());
        return values;
    }
    [[nodiscard]] std::vector<std::string> texts(const std::string& path) const;

private:
    [[nodiscard]] Handle open_dataset(const std::string& path, hid_t type) const;
    [[nodiscard]] std::size_t size_of(const Handle& dataset) const;
    void read_raw(const Handle& dataset, const std::string& path, hid_t type, void* values, bool empty) const;
    void get_attribute(const std::string& path, const std::string& name, hid_t type, void* value) const;
    std::filesystem::path path_;
    FileStamp stamp_;
    Handle file_;
};

/// The stamp of a file, from its first 512 bytes alone; throws DamagedFile when it has none.
[[nodiscard]] FileStamp read_stamp(const std::filesystem::path& file);

/// `name` as the name of an HDF5 link: '/', '%' and a leading '.' are percent-encoded.
[[nodiscard]] std::string link_name(std::string_view name);

} // namespace mfm
