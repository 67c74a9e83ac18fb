// SPDX-License-Identifier: Apache-2.0
// Reconstructed cells in the SWC format (Cannon et al. 1998, J. Neurosci. Methods 84:49-54): a point a line,
//     id type x y z radius parent
// with lengths in um, the id of the parent or -1 for a root, and '#' before comments.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <istream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace mfm {

/// One point of a reconstruction; lengths in um.
struct SwcPoint {
    int id, type;
    double x, y, z, radius;
    int parent; ///< id of a point above, or -1
};

/// Reads one reconstruction, strictly: ids and types are whole numbers from 0 up, ids occur once, numbers are finite
/// and no farther out than `swc_farthest`, radii are not negative, and a parent stands above its children (so there are
/// no cycles).  Throws std::runtime_error with "name:line: what is wrong"; memory grows with the number of points only.
[[nodiscard]] std::vector<SwcPoint> read_swc(std::istream& in, const std::string& name);

inline constexpr double swc_farthest = 1e7;              ///< um, 10 m: longer than any axon
inline constexpr std::size_t swc_most_points = 10000000; ///< of one file
inline constexpr std::size_t swc_longest_line = 4095;    ///< characters

namespace swc_detail {

/// A piece of the file fit for a sentence: short, without control characters.
inline std::string shown(std::string_view text) {
    constexpr std::size_t most = 40;
    std::string out;
    for (const char c : text.substr(0, most)) out += c >= ' ' && c <= '~' ? c : '?';
    return "'" + out + (text.size() > most ? "..." : "") + "'";
}

/// One line of the file, and the sentences about it.
class Line {
public:
    Line(const std::string& name, std::size_t number) : name_(name), number_(number) {}
    [[noreturn]] void refuse(const std::string& what) const {
        throw std::runtime_error(name_ + ":" + std::to_string(number_) + ": " + what);
    }
    template <class Number> [[nodiscard]] Number read(std::string_view text, const char* what) const {
        Number value{};
        const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (fault == std::errc::result_out_of_range)
            refuse(std::string("the ") + what + " " + shown(text) + " is out of range");
        if (fault != std::errc{} || end != text.data() + text.size())
            refuse(std::string("the ") + what + " must be a " + (std::is_integral_v<Number> ? "whole " : "") +
                   "number, but is " + shown(text));
        return value;
    }
    [[nodiscard]] int whole(std::string_view text, const char* what, int least) const {
        const int value = read<int>(text, what);
        if (value < least)
            refuse(std::string("the ") + what + " must be at least " + std::to_string(least) + ", but is " +
                   std::to_string(value));
        return value;
    }
    [[nodiscard]] double length(std::string_view text, const char* what, double least) const {
        const double value = read<double>(text, what);
        if (!(value >= least && value <= swc_farthest)) // NaN is neither
            refuse(std::string("the ") + what + " must be a number of um from " + (least < 0.0 ? "-1e7" : "0") +
                   " to 1e7, but is " + shown(text));
        return value;
    }

private:
    const std::string& name_;
    std::size_t number_;
};

} // namespace swc_detail

inline std::vector<SwcPoint> read_swc(std::istream& in, const std::string& name) {
    using swc_detail::shown;
    std::vector<SwcPoint> points;
    std::unordered_set<int> seen;
    std::array<char, swc_longest_line + 1> buffer{};
    for (std::size_t number = 1;; ++number) {
        const swc_detail::Line line(name, number);
        in.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        auto length =
            static_cast<std::size_t>(in.gcount()); // with the end of line, which getline takes but for the last
        if (in.bad()) line.refuse("the file cannot be read to its end");
        if (in.fail() && length + 1 == buffer.size())
            line.refuse("the line has more than " + std::to_string(swc_longest_line) + " characters");
        if (in.fail()) break; // nothing was left
        if (!in.eof()) --length;

        constexpr std::size_t fields = 7;
        std::array<std::string_view, fields> field;
        std::size_t n = 0;
        const std::string_view text(buffer.data(), length);
        constexpr std::string_view blank = " \t\r";
        for (std::size_t at = text.find_first_not_of(blank); at != std::string_view::npos;) {
            if (n == 0 && text[at] == '#') break;
            const std::size_t end = std::min(text.find_first_of(blank, at), text.size());
            if (n == fields) line.refuse("a point has 7 fields, but there is more: " + shown(text.substr(at)));
            field[n++] = text.substr(at, end - at);
            at = text.find_first_not_of(blank, end);
        }
        if (n == 0) continue;
        if (n < fields)
            line.refuse("a point has 7 fields, id type x y z radius parent, but there are " + std::to_string(n) + ": " +
                        shown(text));
        if (points.size() == swc_most_points)
            line.refuse("there are more than " + std::to_string(swc_most_points) + " points");
        SwcPoint p{};
        p.id = line.whole(field[0], "id", 0);
        p.type = line.whole(field[1], "type", 0);
        p.x = line.length(field[2], "x", -swc_farthest);
        p.y = line.length(field[3], "y", -swc_farthest);
        p.z = line.length(field[4], "z", -swc_farthest);
        p.radius = line.length(field[5], "radius", 0.0);
        p.parent = line.whole(field[6], "parent", -1);
        if (p.parent != -1 && seen.count(p.parent) == 0)
            line.refuse("the parent " + std::to_string(p.parent) + " of point " + std::to_string(p.id) +
                        " is not among the points above; a parent stands before its children");
        if (!seen.insert(p.id).second) line.refuse("there is a point " + std::to_string(p.id) + " already");
        points.push_back(p);
    }
    if (points.empty()) throw std::runtime_error(name + ": there is no point in the file");
    return points;
}

} // namespace mfm
