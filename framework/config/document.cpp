// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace mfm {
namespace {

namespace fs = std::filesystem;
using Kind = DocumentNode::Kind;

SourcePosition position(const toml::source_region& region, const std::string& file) {
    return {file, region.begin.line, region.begin.column};
}

// Tables within tables take stack wherever they are walked, in the parser's destructors as in ours.
constexpr int deepest = 64;                              // tables and lists
constexpr std::size_t most_parts = 32;                   // of a dotted key: each but the last opens a table
constexpr std::size_t most_bytes = std::size_t{1} << 24; // of a file

/// Refuses keys like a.a.a.a ... before the parser opens a table for every dot.
void refuse_long_keys(std::string_view text, const std::string& file) {
    std::size_t parts = 1;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
            parts = 1;
        } else if (c == '"' || c == '\'') { // a text, or a key with anything in it
            const std::string_view end = text.substr(at, text.substr(at, 3) == std::string(3, c) ? 3 : 1);
            at += end.size();
            while (at < text.size() && text.substr(at, end.size()) != end && (end.size() == 3 || text[at] != '\n'))
                at += c == '"' && text[at] == '\\' ? 2 : 1;
            at += end.size() - 1;
            for (int more = 0; end.size() == 3 && more < 2 && at + 1 < text.size() && text[at + 1] == c; ++more) ++at;
        } else if (c == '.') {
            if (++parts <= most_parts) continue;
            const std::string_view before = text.substr(0, at);
            const auto line = std::count(before.begin(), before.end(), '\n') + 1;
            throw InputError(
                {file, static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(at - before.find_last_of('\n'))},
                fmt::format("a key has more than {} parts", most_parts));
        } else if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-' && c != ' ' && c != '\t') {
            parts = 1;
        }
    }
}

toml::table parsed(std::string_view text, const std::string& file) {
    refuse_long_keys(text, file);
    return toml::parse(text, std::string_view(file));
}

DocumentNode converted(const toml::node& from, const std::string& file, int depth = 0) {
    DocumentNode node;
    node.where = position(from.source(), file);
    if (depth > deepest)
        throw InputError(node.where, fmt::format("tables and lists are nested more than {} deep", deepest));
    if (const toml::table* table = from.as_table()) {
        node.kind = Kind::Table;
        for (const auto& [key, value] : *table)
            node.entries.push_back(
                {std::string(key.str()), position(key.source(), file), converted(value, file, depth + 1)});
        // toml++ sorts by name; populations and projections count in the order of the file.
        std::stable_sort(node.entries.begin(), node.entries.end(), [](const DocumentEntry& a, const DocumentEntry& b) {
            return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
        });
    } else if (const toml::array* array = from.as_array()) {
        node.kind = Kind::Array;
        for (const toml::node& element : *array) node.elements.push_back(converted(element, file, depth + 1));
    } else if (const auto* text = from.as_string()) {
        node.kind = Kind::Text;
        node.text = text->get();
    } else if (const auto* integer = from.as_integer()) {
        node.kind = Kind::Integer;
        node.integer = integer->get();
    } else if (const auto* real = from.as_floating_point()) {
        node.kind = Kind::Real;
        node.real = real->get();
    } else if (const auto* boolean = from.as_boolean()) {
        node.kind = Kind::Boolean;
        node.boolean = boolean->get();
    } else {
        node.kind = Kind::Date;
    }
    return node;
}

std::string file_text(const fs::path& file, const SourcePosition& where) {
    std::error_code failure;
    if (fs::is_directory(file, failure))
        throw InputError(where, "'" + file.string() + "' is a folder, not a pipeline file");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw InputError(where, "cannot read the file '" + file.string() + "': " + std::strerror(errno));
    std::string text;
    std::array<char, 65536> piece{};
    do {
        stream.read(piece.data(), piece.size());
        text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
        if (text.size() > most_bytes)
            throw InputError(where, fmt::format("'{}' has more than {} MB; a pipeline file is text that somebody wrote",
                                                file.string(), most_bytes >> 20));
    } while (stream);
    if (stream.bad()) throw InputError(where, "cannot read the file '" + file.string() + "' to its end");
    return text;
}

/// The value of the key that tells what the rest of a table means.
const std::string* chosen(const DocumentNode& table) {
    for (const char* key : {"plugin", "distribution"})
        if (const DocumentNode* node = table.find(key); node != nullptr && node->kind == Kind::Text) return &node->text;
    return nullptr;
}

enum class Winner { File, Setting };

/// `over` wins; tables are merged key by key.  A table that a file gives for another plugin or distribution replaces
/// the one below as a whole: the settings of the one mean nothing to the other.  A --set changes only what it names.
void merge(DocumentNode& base, DocumentNode&& over, Winner winner) {
    if (base.kind != Kind::Table || over.kind != Kind::Table) {
        base = std::move(over);
        return;
    }
    const std::string *below = chosen(base), *above = chosen(over);
    if (winner == Winner::File && below != nullptr && above != nullptr && *below != *above) {
        base = std::move(over);
        return;
    }
    drop_other_ways_of_counting(base, over);
    for (DocumentEntry& entry : over.entries) {
        if (DocumentNode* same = base.find(entry.key))
            merge(*same, std::move(entry.value), winner);
        else
            base.entries.push_back(std::move(entry));
    }
}

DocumentNode document_of(std::string_view text, const std::string& name) {
    try {
        return converted(parsed(text, name), name);
    } catch (const toml::parse_error& e) {
        throw InputError(position(e.source(), name), "this is not TOML: " + std::string(e.description()));
    }
}

DocumentNode read_with_includes(const fs::path& file, const SourcePosition& included_at, std::vector<fs::path>& open) {
    std::error_code failure;
    const fs::path identity = fs::weakly_canonical(file, failure);
    if (const auto again = std::find(open.begin(), open.end(), identity); again != open.end())
        throw InputError(included_at,
                         "'" + file.string() + "' includes itself" +
                             (std::next(again) == open.end() ? "" : " by way of '" + open.back().string() + "'"));
    open.push_back(identity);

    const std::string name = file.string(), text = file_text(file, included_at);
    DocumentNode own = document_of(text, name);

    DocumentNode document;
    document.where = {name, 0, 0};
    if (const DocumentNode* include = own.find("include")) {
        const auto expected = [](const DocumentNode& node) {
            return InputError(node.where,
                              fmt::format("include must be a list of file names, but is {}", node.kind_name()));
        };
        if (include->kind != Kind::Array) throw expected(*include);
        for (const DocumentNode& element : include->elements) {
            if (element.kind != Kind::Text) throw expected(element);
            const fs::path path = (file.parent_path() / element.text).lexically_normal();
            merge(document, read_with_includes(path, element.where, open), Winner::File);
        }
        std::erase_if(own.entries, [](const DocumentEntry& entry) { return entry.key == "include"; });
    }
    merge(document, std::move(own), Winner::File);
    document.where = {name, 1, 1};
    open.pop_back();
    return document;
}

/// "key.path=value" as a document; a value that is no TOML is a text.
DocumentNode parse_set(const std::string& setting) {
    const std::string name = "--set " + setting;
    const auto equals = setting.find('=');
    const SourcePosition nowhere{name, 0, 0};
    if (equals == std::string::npos || equals == 0) throw InputError(nowhere, "write it as key.path=value");
    const std::string key = setting.substr(0, equals), value = setting.substr(equals + 1);
    DocumentNode document;
    try {
        document = converted(parsed(key + " = " + value, name), name);
    } catch (const toml::parse_error&) {
        std::string literal = "\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') literal += '\\';
            literal += c;
        }
        try {
            document = converted(parsed(key + " = " + literal + "\"", name), name);
        } catch (const toml::parse_error& e) {
            throw InputError(nowhere, "write it as key.path=value: " + std::string(e.description()));
        }
    }
    // Line 1 of a --set says nothing.
    const auto forget_lines = [](const auto& self, DocumentNode& node) -> void {
        node.where.line = node.where.column = 0;
        for (DocumentEntry& entry : node.entries) {
            entry.where.line = entry.where.column = 0;
            self(self, entry.value);
        }
        for (DocumentNode& element : node.elements) self(self, element);
    };
    forget_lines(forget_lines, document);
    return document;
}

// ---- writing

std::string quoted_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (code < 0x20 || code == 0x7f)
            out += fmt::format("\\u{:04X}", code);
        else
            out += c;
    }
    return out + "\"";
}

std::string key_text(std::string_view key) {
    const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    });
    return bare ? std::string(key) : quoted_text(key);
}

std::string inline_text(const DocumentNode& node) {
    switch (node.kind) {
    case Kind::Text:
        return quoted_text(node.text);
    case Kind::Integer:
        return fmt::format("{}", node.integer);
    case Kind::Boolean:
        return node.boolean ? "true" : "false";
    case Kind::Date:
        return quoted_text("a date"); // refused wherever it is read
    case Kind::Real: {
        const std::string text = fmt::format("{}", node.real);
        return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
    }
    case Kind::Array: {
        std::string text;
        for (const DocumentNode& element : node.elements) text += (text.empty() ? "" : ", ") + inline_text(element);
        return "[" + text + "]";
    }
    case Kind::Table:
        break;
    }
    std::string text;
    for (const DocumentEntry& entry : node.entries)
        text += (text.empty() ? " " : ", ") + key_text(entry.key) + " = " + inline_text(entry.value);
    return text.empty() ? "{}" : "{" + text + " }";
}

/// Tables of the first two levels ([population.x]) as sections, deeper ones in a line.
void write_section(const DocumentNode& table, const std::string& path, int level, std::string& out) {
    const auto is_section = [level](const DocumentEntry& entry) {
        return entry.value.kind == Kind::Table && level < 2;
    };
    std::string keys;
    for (const DocumentEntry& entry : table.entries)
        if (!is_section(entry)) keys += key_text(entry.key) + " = " + inline_text(entry.value) + "\n";
    const bool only_sections = keys.empty() && !table.entries.empty();
    if (!path.empty() && !only_sections) out += (out.empty() ? "[" : "\n[") + path + "]\n";
    out += keys;
    for (const DocumentEntry& entry : table.entries)
        if (is_section(entry))
            write_section(entry.value, path.empty() ? key_text(entry.key) : path + "." + key_text(entry.key), level + 1,
                          out);
}

} // namespace

void drop_other_ways_of_counting(DocumentNode& base, const DocumentNode& over) {
    const auto drop = [&](std::initializer_list<std::string_view> keys) {
        std::erase_if(base.entries, [&](const DocumentEntry& entry) {
            return std::find(keys.begin(), keys.end(), entry.key) != keys.end();
        });
    };
    if (over.find("count") != nullptr) drop({"density", "ratio", "ratio_of"});
    if (over.find("density") != nullptr) drop({"count", "ratio", "ratio_of"});
    if (over.find("ratio") != nullptr) drop({"count", "density"});
}

void lay_over(DocumentNode& base, DocumentNode over) {
    merge(base, std::move(over), Winner::File);
}

const DocumentNode* DocumentNode::find(std::string_view key) const {
    for (const DocumentEntry& entry : entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

DocumentNode* DocumentNode::find(std::string_view key) {
    return const_cast<DocumentNode*>(std::as_const(*this).find(key));
}

std::string_view DocumentNode::kind_name() const {
    switch (kind) {
    case Kind::Table:
        return "a table";
    case Kind::Array:
        return "a list";
    case Kind::Text:
        return "a text";
    case Kind::Integer:
    case Kind::Real:
        return "a number";
    case Kind::Boolean:
        return "true or false";
    case Kind::Date:
        break;
    }
    return "a date";
}

std::filesystem::path DocumentNode::folder() const {
    return where.line == 0 ? fs::current_path() : fs::current_path() / fs::path(where.file).parent_path();
}

std::filesystem::path absolute_path(const DocumentNode& node, const std::string& path) {
    return (node.folder() / path).lexically_normal();
}

DocumentNode read_document(const fs::path& file, const std::vector<std::string>& set) {
    std::vector<fs::path> open;
    DocumentNode document = read_with_includes(file, {}, open);
    for (const std::string& setting : set) merge(document, parse_set(setting), Winner::Setting);
    return document;
}

DocumentNode parse_document(std::string_view text, const std::string& name) {
    return document_of(text, name);
}

std::string to_toml(const DocumentNode& document) {
    std::string out;
    write_section(document, "", 0, out);
    return out;
}

} // namespace mfm
