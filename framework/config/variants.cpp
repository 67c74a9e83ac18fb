// SPDX-License-Identifier: Apache-2.0
#include "config/variants.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/reader.hpp"
#include "config/sections.hpp"

namespace mfm {
namespace {

const std::vector<std::string> own_keys{"base", "mode"};

void read_modes(const DocumentNode& node, const std::string& path, VariantConfig& variant) {
    static const std::vector<std::string> modes{"network", "mean_field"};
    variant.network = variant.mean_field = false;
    const auto add = [&](const DocumentNode& mode) {
        (read_choice(mode, path, modes) == 0 ? variant.network : variant.mean_field) = true;
    };
    if (node.kind != DocumentNode::Kind::Array) return add(node);
    for (const DocumentNode& mode : node.elements) add(mode);
    if (!variant.network && !variant.mean_field)
        throw InputError(node.where, fmt::format("{} names no mode; it is 'network', 'mean_field' or both", path));
}

void refuse_changes_beyond_the_model(const std::vector<Change>& changes) {
    for (const Change& change : changes)
        for (const char* section : {"variant", "plugins", "include"})
            if (change.path == section || change.path.starts_with(std::string(section) + "."))
                throw InputError(
                    change.where,
                    fmt::format("a variant cannot change '{}', which belongs to the file as a whole", change.path));
}

/// The changes of a variant's bases, outermost first, and its own.
std::vector<Change> all_changes(const std::vector<VariantConfig>& variants, const VariantConfig& variant,
                                const std::vector<std::string>& names) {
    std::vector<const VariantConfig*> chain{&variant};
    while (!chain.back()->base.empty()) {
        const VariantConfig& last = *chain.back();
        const auto at = std::find(names.begin(), names.end(), last.base);
        if (at == names.end())
            throw InputError(last.where, fmt::format("variant.{}.base: there is no variant '{}'{}", last.name,
                                                     last.base, did_you_mean(last.base, names)));
        const VariantConfig& next = variants[static_cast<std::size_t>(at - names.begin())];
        if (std::find(chain.begin(), chain.end(), &next) != chain.end())
            throw InputError(last.where, fmt::format("variant.{}.base: '{}' starts from itself", last.name, next.name));
        chain.push_back(&next);
    }
    std::vector<Change> changes;
    for (auto v = chain.rbegin(); v != chain.rend(); ++v)
        changes.insert(changes.end(), (*v)->changes.begin(), (*v)->changes.end());
    return changes;
}

} // namespace

std::vector<VariantConfig> read_variants(const DocumentNode& document) {
    std::vector<VariantConfig> variants;
    const DocumentNode* table = document.find("variant");
    if (table == nullptr) return variants;
    if (table->kind != DocumentNode::Kind::Table)
        throw InputError(table->where, fmt::format("variant must be a table, but is {}", table->kind_name()));
    std::vector<std::string> names;
    for (const DocumentEntry& entry : table->entries) {
        check_name(entry, "variant");
        const std::string path = "variant." + entry.key;
        if (entry.value.kind != DocumentNode::Kind::Table)
            throw InputError(entry.where,
                             fmt::format("{} must be a table of changes, but is {}", path, entry.value.kind_name()));
        VariantConfig variant;
        variant.name = entry.key;
        variant.where = entry.where;
        if (const DocumentNode* base = entry.value.find("base")) variant.base = read_text(*base, path + ".base");
        if (const DocumentNode* mode = entry.value.find("mode")) read_modes(*mode, path + ".mode", variant);
        variant.changes = read_changes(entry.value, own_keys);
        refuse_changes_beyond_the_model(variant.changes);
        if (variant.changes.empty())
            throw InputError(entry.where,
                             fmt::format("{} changes nothing; give it changes such as \"projection.NAME.weight\" = "
                                         "{{ scale = 1.5 }}",
                                         path));
        variants.push_back(std::move(variant));
        names.push_back(entry.key);
    }
    std::vector<std::vector<Change>> all;
    for (const VariantConfig& variant : variants) all.push_back(all_changes(variants, variant, names));
    for (std::size_t i = 0; i < variants.size(); ++i) variants[i].changes = std::move(all[i]);
    return variants;
}

DocumentNode document_of(const VariantConfig& variant, DocumentNode document) {
    std::erase_if(document.entries, [](const DocumentEntry& entry) { return entry.key == "variant"; });
    apply_changes(document, variant.changes);
    return document;
}

} // namespace mfm
