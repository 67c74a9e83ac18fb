// SPDX-License-Identifier: Apache-2.0
#include "output/hdf5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "support/files.hpp"
#include "support/hash.hpp"

namespace mfm {
namespace {

constexpr std::size_t stamp_bytes = 512; ///< the smallest user block HDF5 allows
constexpr std::size_t checksum_block = 1 << 20;
constexpr std::string_view magic = "automfm results 1";

/// HDF5 prints its error stack by itself unless told not to; every failure here becomes a sentence instead.
class QuietHdf5 {
public:
    QuietHdf5() {
        H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    }
    QuietHdf5(const QuietHdf5&) = delete;
    QuietHdf5& operator=(const QuietHdf5&) = delete;
    ~QuietHdf5() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

private:
    H5E_auto2_t function_ = nullptr;
    void* data_ = nullptr;
};

/// Making a file in memory fails only when memory is short.
template <class Id> Id made(Id id, const std::string& what) {
    if (id < 0) throw InputError("cannot make " + what + " of an HDF5 file in memory; is there enough of it?");
    return id;
}

Handle text_type() {
    Handle type(made(H5Tcopy(H5T_C_S1), "a text type"), H5Tclose);
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
    return type;
}

std::string checksum_of(std::string_view bytes) {
    ContentHash hash;
    for (std::size_t i = 0; i < bytes.size(); i += checksum_block) hash.add(bytes.substr(i, checksum_block));
    return hash.hex();
}

std::string stamp_text(const FileStamp& stamp, std::size_t bytes, const std::string& checksum) {
    std::string text = fmt::format("{}\nversion {}\nstage {}\nhash {}\nbytes {}\nchecksum {}\n", magic, stamp.version,
                                   stamp.stage, stamp.hash, bytes, checksum);
    ContentHash own; // the stamp vouches for itself, too
    own.add(std::string_view(text));
    text += "stamp " + own.hex() + "\n";
    text.resize(stamp_bytes, '\0');
    return text;
}

struct ParsedStamp {
    FileStamp stamp;
    std::string bytes, checksum;
};

ParsedStamp parse_stamp(const std::filesystem::path& file, std::string_view text) {
    ParsedStamp out;
    if (text.substr(0, magic.size()) != magic)
        throw DamagedFile(file, "it does not begin like a result of this version of automfm");
    const auto own = text.find("\nstamp ");
    if (own == std::string_view::npos) throw DamagedFile(file, "its first lines are incomplete");
    ContentHash hash;
    hash.add(text.substr(0, own + 1));
    if (text.substr(own + 7, 32) != hash.hex()) throw DamagedFile(file, "its first lines were changed");
    std::string_view lines = text.substr(0, own + 1);
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(line.size() + 1);
        const auto space = std::min(line.find(' '), line.size());
        const auto key = line.substr(0, space);
        const std::string value(line.substr(std::min(space + 1, line.size())));
        if (key == "version")
            out.stamp.version = value;
        else if (key == "stage")
            out.stamp.stage = value;
        else if (key == "hash")
            out.stamp.hash = value;
        else if (key == "bytes")
            out.bytes = value;
        else if (key == "checksum")
            out.checksum = value;
    }
    return out;
}

std::string first_bytes(std::ifstream& in, const std::filesystem::path& file) {
    std::string head(stamp_bytes, '\0');
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    if (in.gcount() != static_cast<std::streamsize>(head.size()))
        throw DamagedFile(file, "it is shorter than its first lines");
    return head;
}

std::ifstream open_to_read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw InputError("cannot read '" + file.string() + "': " + std::strerror(errno));
    return in;
}

} // namespace

template <> hid_t hdf5_type<double>() {
    return H5T_NATIVE_DOUBLE;
}
template <> hid_t hdf5_type<float>() {
    return H5T_NATIVE_FLOAT;
}
template <> hid_t hdf5_type<std::uint8_t>() {
    return H5T_NATIVE_UINT8;
}
template <> hid_t hdf5_type<std::uint32_t>() {
    return H5T_NATIVE_UINT32;
}
template <> hid_t hdf5_type<std::uint64_t>() {
    return H5T_NATIVE_UINT64;
}

std::string link_name(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '/' || name[i] == '%' || (i == 0 && name[i] == '.'))
            out += fmt::format("%{:02X}", static_cast<unsigned>(name[i]));
        else
            out += name[i];
    }
    return out.empty() ? "%" : out;
}

// The oldest file format, HDF5's own default: an image of a newer one leaves memory with a wrong checksum in its
// superblock (1.10.8).
Hdf5Writer::Hdf5Writer(FileStamp stamp) : stamp_(std::move(stamp)) {
    const QuietHdf5 quiet;
    const Handle access(made(H5Pcreate(H5P_FILE_ACCESS), "the options"), H5Pclose);
    H5Pset_fapl_core(access.get(), 1 << 22, 0); // in memory, grown by 4 MiB, never written by HDF5
    const Handle creation(made(H5Pcreate(H5P_FILE_CREATE), "the options"), H5Pclose);
    H5Pset_userblock(creation.get(), stamp_bytes);
    H5Pset_obj_track_times(creation.get(), false); // no wall clock in results
    file_ = Handle(made(H5Fcreate("automfm.h5", H5F_ACC_TRUNC, creation.get(), access.get()), "the frame"), H5Fclose);
    link_options_ = Handle(made(H5Pcreate(H5P_LINK_CREATE), "the options"), H5Pclose);
    H5Pset_create_intermediate_group(link_options_.get(), 1);
    group_options_ = Handle(made(H5Pcreate(H5P_GROUP_CREATE), "the options"), H5Pclose);
    H5Pset_obj_track_times(group_options_.get(), false);
    dataset_options_ = Handle(made(H5Pcreate(H5P_DATASET_CREATE), "the options"), H5Pclose);
    H5Pset_obj_track_times(dataset_options_.get(), false);
    attribute("/", "automfm_version", stamp_.version);
    attribute("/", "stage", stamp_.stage);
    attribute("/", "hash", stamp_.hash);
}

void Hdf5Writer::group(const std::string& path) {
    const QuietHdf5 quiet;
    std::size_t end = 0;
    do { // one by one: groups that HDF5 makes on the way would carry the time
        end = path.find('/', end + 1);
        const std::string part = path.substr(0, end);
        if (part.empty() || H5Lexists(file_.get(), part.c_str(), H5P_DEFAULT) > 0) continue;
        const Handle made_group(
            made(H5Gcreate2(file_.get(), part.c_str(), H5P_DEFAULT, group_options_.get(), H5P_DEFAULT), "a group"),
            H5Gclose);
    } while (end != std::string::npos);
}

void Hdf5Writer::set_attribute(const std::string& path, const std::string& name, hid_t type, const void* value) {
    const QuietHdf5 quiet;
    const Handle object(made(H5Oopen(file_.get(), path.c_str(), H5P_DEFAULT), "an attribute"), H5Oclose);
    const Handle space(made(H5Screate(H5S_SCALAR), "an attribute"), H5Sclose);
    const Handle attribute(
        made(H5Acreate2(object.get(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT), "an attribute"),
        H5Aclose);
    made(H5Awrite(attribute.get(), type, value), "an attribute");
}

void Hdf5Writer::attribute(const std::string& path, const std::string& name, const std::string& value) {
    const Handle type = text_type();
    const char* text = value.c_str();
    set_attribute(path, name, type.get(), &text);
}
void Hdf5Writer::attribute(const std::string& path, const std::string& name, double value) {
    set_attribute(path, name, H5T_NATIVE_DOUBLE, &value);
}
void Hdf5Writer::attribute(const std::string& path, const std::string& name, std::uint64_t value) {
    set_attribute(path, name, H5T_NATIVE_UINT64, &value);
}

void Hdf5Writer::write_raw(const std::string& path, const void* values, hid_t type, const std::string& unit,
                           const std::vector<std::size_t>& shape) {
    const QuietHdf5 quiet;
    if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0) group(path.substr(0, slash));
    const std::vector<hsize_t> extent(shape.begin(), shape.end());
    std::size_t count = 1;
    for (std::size_t n : shape) count *= n;
    {
        const Handle space(made(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), "a dataset"),
                           H5Sclose);
        const Handle dataset(made(H5Dcreate2(file_.get(), path.c_str(), type, space.get(), H5P_DEFAULT,
                                             dataset_options_.get(), H5P_DEFAULT),
                                  "the dataset " + path),
                             H5Dclose);
        if (count > 0)
            made(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "the dataset " + path);
    }
    attribute(path, "unit", unit);
}

void Hdf5Writer::write(const std::string& path, const std::vector<std::string>& texts) {
    const Handle type = text_type();
    std::vector<const char*> pointers;
    for (const auto& text : texts) pointers.push_back(text.c_str());
    write_raw(path, pointers.data(), type.get(), "text", {texts.size()});
}

void Hdf5Writer::save(const std::filesystem::path& file) {
    const QuietHdf5 quiet;
    made(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), "the end");
    const ssize_t size = made(H5Fget_file_image(file_.get(), nullptr, 0), "the image");
    std::string image(static_cast<std::size_t>(size), '\0');
    made(H5Fget_file_image(file_.get(), image.data(), image.size()), "the image");
    // The image begins behind the user block, whose size it knows.
    image.insert(0, stamp_text(stamp_, image.size(), checksum_of(image)));
    write_file(file, image);
}

FileStamp read_stamp(const std::filesystem::path& file) {
    auto in = open_to_read(file);
    return parse_stamp(file, first_bytes(in, file)).stamp;
}

Hdf5Reader::Hdf5Reader(std::filesystem::path file) : path_(std::move(file)) {
    {
        auto in = open_to_read(path_);
        const auto expected = parse_stamp(path_, first_bytes(in, path_));
        stamp_ = expected.stamp;
        ContentHash hash;
        std::string block(checksum_block, '\0');
        std::size_t bytes = 0;
        while (in) {
            in.read(block.data(), static_cast<std::streamsize>(block.size()));
            const auto n = static_cast<std::size_t>(in.gcount());
            if (n > 0) hash.add(std::string_view(block.data(), n));
            bytes += n;
        }
        if (expected.bytes != std::to_string(bytes))
            throw DamagedFile(path_, fmt::format("it holds {} bytes of results, not {}", bytes, expected.bytes));
        if (expected.checksum != hash.hex()) throw DamagedFile(path_, "its content does not match its checksum");
    }
    const QuietHdf5 quiet;
    file_ = Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file_.open()) throw DamagedFile(path_, "HDF5 cannot open it");
}

void Hdf5Reader::get_attribute(const std::string& path, const std::string& name, hid_t type, void* value) const {
    const QuietHdf5 quiet;
    const Handle attribute(H5Aopen_by_name(file_.get(), path.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    if (!attribute.open() || H5Aread(attribute.get(), type, value) < 0)
        throw DamagedFile(path_,
                          "it has no attribute '" + name + "' at '" + path + "' (made by another version of automfm?)");
}

std::string Hdf5Reader::text(const std::string& path, const std::string& name) const {
    const Handle type = text_type();
    char* read = nullptr;
    get_attribute(path, name, type.get(), static_cast<void*>(&read));
    std::string value = read != nullptr ? read : "";
    H5free_memory(read);
    return value;
}
double Hdf5Reader::real(const std::string& path, const std::string& name) const {
    double value = 0.0;
    get_attribute(path, name, H5T_NATIVE_DOUBLE, &value);
    return value;
}
std::uint64_t Hdf5Reader::integer(const std::string& path, const std::string& name) const {
    std::uint64_t value = 0;
    get_attribute(path, name, H5T_NATIVE_UINT64, &value);
    return value;
}

bool Hdf5Reader::has(const std::string& path) const {
    const QuietHdf5 quiet;
    return H5Lexists(file_.get(), path.c_str(), H5P_DEFAULT) > 0;
}

Handle Hdf5Reader::open_dataset(const std::string& path, hid_t type) const {
    const QuietHdf5 quiet;
    Handle dataset(H5Dopen2(file_.get(), path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.open())
        throw DamagedFile(path_, "it has no dataset '" + path + "' (made by another version of automfm?)");
    const Handle stored(H5Dget_type(dataset.get()), H5Tclose);
    if (H5Tget_class(stored.get()) != H5Tget_class(type) ||
        (H5Tget_class(type) != H5T_STRING && H5Tequal(stored.get(), type) <= 0))
        throw DamagedFile(path_, "the dataset '" + path + "' holds another type of values");
    return dataset;
}

std::size_t Hdf5Reader::size_of(const Handle& dataset) const {
    const Handle space(H5Dget_space(dataset.get()), H5Sclose);
    const hssize_t n = H5Sget_simple_extent_npoints(space.get());
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void Hdf5Reader::read_raw(const Handle& dataset, const std::string& path, hid_t type, void* values, bool empty) const {
    const QuietHdf5 quiet;
    if (!empty && H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        throw DamagedFile(path_, "the dataset '" + path + "' cannot be read");
}

std::vector<std::string> Hdf5Reader::texts(const std::string& path) const {
    const Handle type = text_type();
    const Handle dataset = open_dataset(path, type.get());
    std::vector<char*> pointers(size_of(dataset), nullptr);
    read_raw(dataset, path, type.get(), static_cast<void*>(pointers.data()), pointers.empty());
    std::vector<std::string> out;
    for (char* p : pointers) {
        out.emplace_back(p != nullptr ? p : "");
        H5free_memory(p);
    }
    return out;
}

} // namespace mfm
