// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.hpp"

namespace mfm {

struct DocumentEntry;

/// A value of a pipeline file with its place.  Unlike a TOML table, a table here keeps the order of the file, and a
/// merged document keeps the file of every value.
struct DocumentNode {
    enum class Kind { Table, Array, Text, Integer, Real, Boolean, Date };
    Kind kind = Kind::Table;
    SourcePosition where;
    std::string text;
    std::int64_t integer = 0;
    double real = 0.0;
    bool boolean = false;
    std::vector<DocumentEntry> entries; ///< Table
    std::vector<DocumentNode> elements; ///< Array

    [[nodiscard]] const DocumentNode* find(std::string_view key) const;
    [[nodiscard]] DocumentNode* find(std::string_view key);
    /// "a table", "a text", ...: for sentences.
    [[nodiscard]] std::string_view kind_name() const;
    /// Where the paths in this value start: the folder of its file, or the working folder for --set.
    [[nodiscard]] std::filesystem::path folder() const;
};
struct DocumentEntry {
    std::string key;
    SourcePosition where;
    DocumentNode value;
};

/// Reads a file with the files that it includes, the including file winning, and then the --set texts
/// ("key.path=value"). The result has no `include` any more.  Throws InputError with file, line and column.
[[nodiscard]] DocumentNode read_document(const std::filesystem::path& file, const std::vector<std::string>& set);
/// Lays a value over another as an including file's over an included one's: tables key by key, except where the two are
/// for different plugins or distributions.
void lay_over(DocumentNode& base, DocumentNode over);
/// The number of cells is told in one of three ways: drops from `base` those that a key of `over` replaces.
void drop_other_ways_of_counting(DocumentNode& base, const DocumentNode& over);
/// A text as a file of that name would be read, without includes.
[[nodiscard]] DocumentNode parse_document(std::string_view text, const std::string& name);
/// The document as TOML.
[[nodiscard]] std::string to_toml(const DocumentNode& document);
/// The same path, absolute and without "..", relative ones starting at the node's folder.
[[nodiscard]] std::filesystem::path absolute_path(const DocumentNode& node, const std::string& path);

} // namespace mfm
