// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"

namespace mfm {

/// One change of a merged pipeline document.  In a file:
///
///     "projection.input.weight" = "0.3 nS"             # set
///     "projection.input*.weight" = { scale = 1.3 }      # every number there times 1.3, units kept
///     "population.*.parameters.I_e" = { add = "20 pA" } # so much more
///
/// `path` is dotted; `*` stands for any letters within a part, and alone for any part.
struct Change {
    std::string path;
    enum class How { Set, Scale, Add } how = How::Set;
    DocumentNode
        value; ///< Set: anything; Scale: a pure number; Add: a number, with a unit where the changed one has one
    SourcePosition where;
};

/// The changes of a table, in the order of the file.  A table that is neither { set }, { scale } nor { add } and has no
/// `plugin`, `distribution` or `from` of its own is walked into, so that dotted keys without quotes mean the same.
/// Keys of the table itself that mean something else to the caller are `also`.  Throws InputError.
[[nodiscard]] std::vector<Change> read_changes(const DocumentNode& table, std::span<const std::string> also = {});

/// The paths of the document that a path with wildcards means, in the document's order.
[[nodiscard]] std::vector<std::string> matching_paths(const DocumentNode& document, std::string_view path);

/// Applies changes in order.  Set replaces what is there, lays a table over a table as an including file does, and
/// makes a key that is not there yet where its table is; the reader of the pipeline judges whether the key means
/// anything. Scale and Add change a number, every number of a list, and a distribution as a whole.  Throws InputError,
/// with the change's place and the nearest path, for one that matches nothing.
void apply_changes(DocumentNode& document, std::span<const Change> changes);

} // namespace mfm
