// SPDX-License-Identifier: Apache-2.0
#include "output/library_file.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "output/csv.hpp"
#include "output/stage_file.hpp"
#include "support/files.hpp"
#include "support/hash.hpp"

namespace mfm {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Of the pipeline and of the members: what the library is of, whatever its numbers.
std::string library_hash(const ModelLibrary& library) {
    ContentHash hash;
    hash.add(std::string_view(library.pipeline_toml));
    for (const LibraryMember& m : library.members) hash.add(std::string_view(m.name));
    return hash.hex();
}

} // namespace

void save_model_library(const std::filesystem::path& file, const ModelLibrary& library) {
    Hdf5Writer out(stamp_of("library", library_hash(library)));
    const std::size_t n = library.members.size(), axes = library.config.axes.size(), columns = library.columns.size();
    out.attribute("/", "name", library.name);
    out.attribute("/", "points", std::string(points_name(library.config.points)));
    out.attribute("/", "sampling", std::string(method_name(library.config.method)));
    out.attribute("/", "base_verdict", library.base_verdict);
    out.write("/pipeline_toml", std::vector{library.pipeline_toml});
    const std::vector<LibraryAxis>& axis = library.config.axes;
    out.write("/axes/name", column<std::string>(axis, [](const LibraryAxis& a) { return a.name; }));
    out.write("/axes/unit",
              column<std::string>(axis, [](const LibraryAxis& a) { return a.unit.empty() ? "1" : a.unit; }));
    out.write("/axes/path", column<std::string>(axis, [](const LibraryAxis& a) {
                  std::string all;
                  for (const std::string& path : a.paths) all += (all.empty() ? "" : " ") + path;
                  return all;
              }));
    out.write("/members/name", column<std::string>(library.members, [](const auto& m) { return m.name; }));
    out.write("/members/variant", column<std::string>(library.members, [](const auto& m) { return m.variant; }));
    out.write("/members/verdict", column<std::string>(library.members, [](const auto& m) { return m.verdict; }));
    std::vector<double> parameters(n * axes, nothing);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t a = 0; a < library.members[i].values.size(); ++a)
            parameters[i * axes + a] = library.members[i].values[a];
    out.write("/members/parameters", parameters, "of each axis", {n, axes});
    out.write("/missing", library.missing);
    out.write("/columns/name", library.columns);
    out.write("/columns/unit", library.units);
    out.write("/values", library.values, "of each column", {n, columns});
    out.attribute("/", "interpolation", library.method);
    out.write("/interpolation/rms", column<double>(library.error, [](const auto& e) { return e.rms; }),
              "of each column");
    out.write("/interpolation/largest", column<double>(library.error, [](const auto& e) { return e.largest; }),
              "of each column");
    out.write("/interpolation/members", column<std::uint64_t>(library.error, [](const auto& e) { return e.members; }),
              "1");
    out.save(file);
}

ModelLibrary load_model_library(const std::filesystem::path& file) {
    const Hdf5Reader in(file);
    if (in.stamp().stage != "library")
        throw InputError("the file '" + file.string() + "' holds the stage '" + in.stamp().stage +
                         "', and no library; `automfm sweep gather` makes one");
    ModelLibrary library;
    library.name = in.text("/", "name");
    library.base_verdict = in.text("/", "base_verdict");
    library.method = in.text("/", "interpolation");
    const auto toml = in.texts("/pipeline_toml");
    expect_length(file, "the pipeline", toml.size(), 1);
    library.pipeline_toml = toml[0];
    library.config = read_library(parse_document(library.pipeline_toml, file.string()));
    const std::size_t axes = library.config.axes.size();
    const auto names = in.texts("/members/name"), variants = in.texts("/members/variant"),
               verdicts = in.texts("/members/verdict");
    const auto parameters = in.read<double>("/members/parameters");
    for (const std::size_t n : {variants.size(), verdicts.size()}) expect_length(file, "the index", n, names.size());
    expect_length(file, "the index", parameters.size(), names.size() * axes);
    for (std::size_t i = 0; i < names.size(); ++i) {
        LibraryMember m{names[i], variants[i], verdicts[i], {}};
        for (std::size_t a = 0; a < axes; ++a)
            if (!std::isnan(parameters[i * axes + a])) m.values.push_back(parameters[i * axes + a]);
        if (m.values.size() != axes) m.values.clear();
        library.members.push_back(std::move(m));
    }
    library.missing = in.texts("/missing");
    library.columns = in.texts("/columns/name");
    library.units = in.texts("/columns/unit");
    library.values = in.read<double>("/values");
    expect_length(file, "the columns", library.units.size(), library.columns.size());
    expect_length(file, "the table", library.values.size(), names.size() * library.columns.size());
    const auto rms = in.read<double>("/interpolation/rms"), largest = in.read<double>("/interpolation/largest");
    const auto left_out = in.read<std::uint64_t>("/interpolation/members");
    for (const std::size_t n : {rms.size(), largest.size(), left_out.size()})
        expect_length(file, "the errors of interpolation", n, library.columns.size());
    for (std::size_t c = 0; c < rms.size(); ++c) library.error.push_back({rms[c], largest[c], left_out[c]});
    return library;
}

void write_library_csv(const std::filesystem::path& file, const ModelLibrary& library) {
    std::vector<std::string> header{"member", "variant", "verdict"};
    const auto with_unit = [](const std::string& name, const std::string& unit) {
        return unit.empty() || unit == "1" ? name : name + " (" + unit + ")";
    };
    for (const LibraryAxis& axis : library.config.axes) header.push_back(with_unit(axis.name, axis.unit));
    for (std::size_t c = 0; c < library.columns.size(); ++c)
        header.push_back(with_unit(library.columns[c], library.units[c]));
    CsvTable table(header);
    const auto known = [](double x) { return std::isnan(x) ? std::optional<double>{} : std::optional(x); };
    for (std::size_t i = 0; i < library.members.size(); ++i) {
        const LibraryMember& m = library.members[i];
        table.field(std::string_view(m.name)).field(std::string_view(m.variant)).field(std::string_view(m.verdict));
        for (std::size_t a = 0; a < library.config.axes.size(); ++a)
            table.field(m.values.empty() ? std::optional<double>{} : std::optional(m.values[a]));
        for (std::size_t c = 0; c < library.columns.size(); ++c) table.field(known(library.value(i, c)));
        table.end_row();
    }
    write_file(file, table.text());
}

} // namespace mfm
