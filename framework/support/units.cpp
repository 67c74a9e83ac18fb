// SPDX-License-Identifier: Apache-2.0
#include "support/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace mfm {
namespace {

/// Exponents of volt, ampere, second, metre and degree, and the size in SI as a power of ten times a factor.
/// The power of ten is kept as a whole number, so that "ms" to "s" is exactly one thousandth.
struct Dimension {
    std::array<int, 5> exponent{};
    int power_of_ten = 0;
    double factor = 1.0;

    void multiply(const Dimension& other, int times) {
        for (std::size_t i = 0; i < exponent.size(); ++i) exponent[i] += times * other.exponent[i];
        power_of_ten += times * other.power_of_ten;
        factor *= std::pow(other.factor, times);
    }
};

struct NamedUnit {
    std::string_view name;
    Dimension dimension;
    bool takes_prefix;
};

constexpr std::array units{
    NamedUnit{"V", {{1, 0, 0, 0, 0}, 0, 1.0}, true},
    NamedUnit{"A", {{0, 1, 0, 0, 0}, 0, 1.0}, true},
    NamedUnit{"s", {{0, 0, 1, 0, 0}, 0, 1.0}, true},
    NamedUnit{"m", {{0, 0, 0, 1, 0}, 0, 1.0}, true},
    NamedUnit{"S", {{-1, 1, 0, 0, 0}, 0, 1.0}, true},
    NamedUnit{"F", {{-1, 1, 1, 0, 0}, 0, 1.0}, true},
    NamedUnit{"C", {{0, 1, 1, 0, 0}, 0, 1.0}, true},
    NamedUnit{"Ohm", {{1, -1, 0, 0, 0}, 0, 1.0}, true},
    NamedUnit{"Hz", {{0, 0, -1, 0, 0}, 0, 1.0}, true},
    NamedUnit{"deg", {{0, 0, 0, 0, 1}, 0, 1.0}, false},
    NamedUnit{"rad", {{0, 0, 0, 0, 1}, 0, 57.29577951308232}, false},
    NamedUnit{"%", {{0, 0, 0, 0, 0}, -2, 1.0}, false},
    NamedUnit{"1", {{0, 0, 0, 0, 0}, 0, 1.0}, false},
};

std::optional<int> power_of_prefix(std::string_view prefix) {
    if (prefix.empty()) return 0;
    if (prefix == "f") return -15;
    if (prefix == "p") return -12;
    if (prefix == "n") return -9;
    if (prefix == "u" || prefix == "\xC2\xB5" || prefix == "\xCE\xBC") return -6; // u, and both Unicode mu
    if (prefix == "m") return -3;
    if (prefix == "k") return 3;
    if (prefix == "M") return 6;
    return std::nullopt;
}

std::optional<Dimension> parse_symbol(std::string_view symbol) {
    // A unit's own name wins over prefix and unit: "m" is a metre.
    for (const NamedUnit& unit : units)
        if (symbol == unit.name) return unit.dimension;
    for (const NamedUnit& unit : units) {
        if (!unit.takes_prefix || !symbol.ends_with(unit.name)) continue;
        if (const auto power = power_of_prefix(symbol.substr(0, symbol.size() - unit.name.size()))) {
            Dimension dimension = unit.dimension;
            dimension.power_of_ten += *power;
            return dimension;
        }
    }
    return std::nullopt;
}

/// A symbol with an optional whole exponent: "um^-3".
std::optional<Dimension> parse_term(std::string_view term) {
    int times = 1;
    if (const auto caret = term.find('^'); caret != std::string_view::npos) {
        const std::string_view digits = term.substr(caret + 1);
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), times);
        if (failure != std::errc{} || end != digits.data() + digits.size() || times < -9 || times > 9)
            return std::nullopt;
        term = term.substr(0, caret);
    }
    const auto symbol = parse_symbol(term);
    if (!symbol) return std::nullopt;
    Dimension dimension;
    dimension.multiply(*symbol, times);
    return dimension;
}

/// Terms joined by '*' and '/', read from left to right; a leading '/' divides one.
std::optional<Dimension> parse_unit(std::string_view text) {
    Dimension dimension;
    int sign = 1;
    if (text.starts_with('/')) {
        sign = -1;
        text.remove_prefix(1);
    }
    while (true) {
        const auto end = text.find_first_of("*/");
        const auto term = parse_term(text.substr(0, end));
        if (!term) return std::nullopt;
        dimension.multiply(*term, sign);
        if (end == std::string_view::npos) return dimension;
        sign = text[end] == '/' ? -1 : 1;
        text.remove_prefix(end + 1);
    }
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

} // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    double value = 0.0;
    const char* const last = text.data() + text.size();
    const auto [end, failure] = std::from_chars(text.data(), last, value);
    if (failure != std::errc{} || !std::isfinite(value)) return std::nullopt;
    const std::string_view rest(end, static_cast<std::size_t>(last - end));
    const std::string_view unit = trimmed(rest);
    // "3 4" and "1.2.3" are no quantities; "3 1/ms" is one.
    if (!unit.empty() && (unit.front() == '.' || unit.front() == '-' || unit.front() == '+')) return std::nullopt;
    if (!unit.empty() && unit.front() >= '0' && unit.front() <= '9' && !(unit == "1" || unit.starts_with("1/")))
        return std::nullopt;
    return Quantity{value, std::string(unit)};
}

std::optional<double> conversion_factor(std::string_view from, std::string_view to) {
    const auto a = parse_unit(from), b = parse_unit(to);
    if (!a || !b || a->exponent != b->exponent) return std::nullopt;
    const int power = a->power_of_ten - b->power_of_ten;
    const double ratio = a->factor / b->factor;
    return power < 0 ? ratio / std::pow(10.0, -power) : ratio * std::pow(10.0, power);
}

bool is_known_unit(std::string_view unit) {
    return parse_unit(unit).has_value();
}

} // namespace mfm
