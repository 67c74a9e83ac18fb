// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/pipeline.hpp"

namespace mfm {

/// The unit and bounds of a number, as the schema of plugins has them.
[[nodiscard]] constexpr mfm_field number_field(const char* unit,
                                               double lower = -std::numeric_limits<double>::infinity(),
                                               double upper = std::numeric_limits<double>::infinity(),
                                               std::uint32_t flags = 0) {
    return {sizeof(mfm_field), MFM_REAL, flags, 0, "", unit, "", 0.0, lower, upper, nullptr, nullptr};
}
[[nodiscard]] constexpr mfm_field positive(const char* unit) {
    return number_field(unit, 0.0, std::numeric_limits<double>::infinity(), MFM_OPEN_LOWER);
}
[[nodiscard]] constexpr mfm_field not_negative(const char* unit) {
    return number_field(unit, 0.0);
}

/// A number or a text with a unit, in the field's unit and within its bounds.  `path` is its name in sentences.
[[nodiscard]] double read_number(const DocumentNode&, const std::string& path, const mfm_field&);
[[nodiscard]] std::int64_t read_integer(const DocumentNode&, const std::string& path, std::int64_t least,
                                        std::int64_t most = std::numeric_limits<std::int64_t>::max());
[[nodiscard]] bool read_boolean(const DocumentNode&, const std::string& path);
[[nodiscard]] const std::string& read_text(const DocumentNode&, const std::string& path);
/// Which of `choices` the text is.
[[nodiscard]] std::size_t read_choice(const DocumentNode&, const std::string& path,
                                      std::span<const std::string> choices);
/// A number, or a table like { distribution = "normal", mean = "-50 mV", sd = "1 mV" }.  Further keys of the table that
/// the caller reads himself are `also`.
[[nodiscard]] Distribution read_distribution(const DocumentNode&, const std::string& path, const mfm_field&,
                                             std::vector<std::string> also = {});
/// A list of numbers, one number, or { from, to, step }.
[[nodiscard]] std::vector<double> read_list(const DocumentNode&, const std::string& path, const mfm_field&);

/// A table whose keys are known; making one refuses every other key.
class TableReader {
public:
    TableReader(const DocumentNode& node, std::string path, std::vector<std::string> keys);
    [[nodiscard]] const DocumentNode& node() const { return *node_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string path(std::string_view key) const {
        return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
    }
    [[nodiscard]] const DocumentNode* find(std::string_view key) const { return node_->find(key); }
    /// The key's value; an error that names the table when there is none.
    [[nodiscard]] const DocumentNode& require(std::string_view key) const;

    [[nodiscard]] double number(std::string_view key, const mfm_field& field, double fallback) const;
    [[nodiscard]] double number(std::string_view key, const mfm_field& field) const {
        return read_number(require(key), path(key), field);
    }
    [[nodiscard]] std::uint32_t integer(std::string_view key, std::uint32_t least, std::uint32_t fallback) const;
    [[nodiscard]] bool boolean(std::string_view key, bool fallback) const;
    [[nodiscard]] const std::string& text(std::string_view key) const { return read_text(require(key), path(key)); }
    /// Refuses a key that means nothing here, and says why.
    void refuse(std::string_view key, const std::string& why) const;

private:
    const DocumentNode* node_;
    std::string path_;
};

} // namespace mfm
