// SPDX-License-Identifier: Apache-2.0
// What must hold for any bytes that a user's file may have.  Whatever else is thrown, or does not end, is a fault.
#pragma once
#include <mfm/swc.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

#include "config/document.hpp"
#include "config/pipeline.hpp"

namespace mfm::test {

/// A folder of its own for the files of one process, in memory where it can be.
class Scratch {
public:
    Scratch() { std::filesystem::create_directories(path_); }
    ~Scratch() { std::filesystem::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] std::filesystem::path write(const char* name, std::string_view text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }

private:
    static std::filesystem::path base() {
        return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
    }
    std::filesystem::path path_ = base() / ("automfm_fuzz_" + std::to_string(getpid()));
};

inline void must(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
}

/// A pipeline file, and after the first 0 byte a --set.  It is loaded, or refused with an InputError; and what is kept
/// of a file that was read is read again as the same.
inline void load_anything(std::string_view bytes, const Registry& registry) {
    static const Scratch scratch;
    const std::string_view text = bytes.substr(0, bytes.find('\0'));
    LoadOptions options;
    if (text.size() < bytes.size()) options.set = {std::string(bytes.substr(text.size() + 1))};
    const std::filesystem::path file = scratch.write("pipeline.toml", text);
    std::string kept;
    try {
        kept = to_toml(read_document(file, {}));
        static_cast<void>(load_pipeline(file, registry, options));
    } catch (const InputError&) {
    }
    // An empty document is one, too.
    must(to_toml(read_document(scratch.write("kept.toml", kept), {})) == kept, "the kept pipeline reads differently");
}

/// A reconstructed cell: sound, or refused with its name and a reason.
inline void read_any_cell(std::string_view bytes) {
    std::istringstream in{std::string(bytes)};
    try {
        std::set<int> above;
        for (const SwcPoint& p : read_swc(in, "cell.swc")) {
            must(std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z), "a point is nowhere");
            must(p.radius >= 0.0 && p.radius <= swc_farthest, "a point has no radius");
            must(p.parent == -1 || above.count(p.parent) == 1, "a parent stands below its child");
            must(p.id >= 0 && above.insert(p.id).second, "two points have one id");
        }
    } catch (const std::logic_error&) {
        throw;
    } catch (const std::runtime_error& e) {
        must(std::string_view(e.what()).starts_with("cell.swc:"), "a refusal does not say where");
    }
}

} // namespace mfm::test
