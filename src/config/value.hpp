// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/units.hpp"
#include "device/figure_band.hpp"

namespace mobi {

/// How the values of a key are read from text, written, and described to the user.
///
/// `read(write(x)) == x` exactly for every x that read() can give; NaN counts as equal to NaN.
template <typename T>
struct Codec {
    std::string accepted;                                    ///< e.g. `"an integer, 1 or more"`
    std::function<std::optional<T>(std::string_view)> read;  ///< nothing: not accepted
    std::function<std::string(const T&)> write;
};

namespace codec {

inline constexpr std::string_view kUnknownWord = "unknown";

Codec<bool> boolean();        ///< `true` or `false`
Codec<std::string> text();    ///< anything printable, also nothing
Codec<std::string> path();    ///< anything printable but nothing
Codec<std::uint64_t> seed();  ///< 0 to 2^64 - 1
/// Both included.
Codec<int> integer(int least, int most = std::numeric_limits<int>::max());
/// The same, or `word`, stored as 0.
Codec<int> integer_or(std::string_view word, int least, int most = std::numeric_limits<int>::max());
Codec<double> number(double least, double most);  ///< both included
Codec<double> positive_number();
Codec<double> number_or(std::string_view word, double most);  ///< above 0, or `word`, stored as 0
Codec<double> quantity(Quantity quantity);                    ///< with a unit, 0 or more
/// With a unit, above 0; a time 1 ns or more, since the clock has no less.
Codec<double> positive_quantity(Quantity quantity);
/// `word`, stored as 0, or a quantity above 0.
Codec<double> quantity_or(std::string_view word, Quantity quantity);
/// A figure with a unit, or the word for having none, stored as NaN.
Codec<double> figure(Quantity quantity, bool zero_too, std::string_view without = kUnknownWord);
/// Radio power per throughput, stored in J/byte: a number, a unit of power, `per`, a unit of rate,
/// e.g. `76.7 mW per Mbit/s`; or `unknown`.
Codec<double> power_slope();
/// `<name>:<count>` between blanks, no name twice, order kept.
Codec<std::vector<std::pair<std::string, int>>> counts();
/// Names between blanks, none twice, order kept.
Codec<std::vector<std::string>> names();
/// `<name>:<name>` between blanks, no left side twice; `*` on the left = every other name.
Codec<std::map<std::string, std::string>> assignment();
/// The same with one or several names on the right, `<name>|<name>`, order and repeats kept.
Codec<std::map<std::string, std::vector<std::string>>> choices();

/// One of the words.
template <typename Enum>
Codec<Enum> choice(std::vector<std::pair<std::string, Enum>> words) {
    std::string accepted;
    for (const auto& [word, value] : words) accepted += (accepted.empty() ? "" : " | ") + word;
    auto read = [words](std::string_view text) -> std::optional<Enum> {
        for (const auto& [word, value] : words)
            if (word == text) return value;
        return std::nullopt;
    };
    auto write = [words](const Enum& wanted) -> std::string {
        for (const auto& [word, value] : words)
            if (value == wanted) return word;
        return {};
    };
    return {accepted, read, write};
}

}  // namespace codec

/// A figure as it is written: alone, or with a band, `<figure> in <least> .. <most>`.
struct BandedFigure {
    double value = 0;
    std::optional<FigureBand> band;
};

/// Reads a figure and its band; the least may leave its unit to the most: `0.45 TFLOP/s in 0.022 ..
/// 1.1 TFLOP/s`.  Nothing: not accepted, or not least <= figure <= most.
std::optional<BandedFigure> read_banded(std::string_view text, const Codec<double>& codec);

/// The reverse.  \param band  null: none; else its nominal is written, whatever `value` is.
std::string write_banded(double value, const FigureBand* band, const Codec<double>& codec);

/// Whether `name` can name an entry: letters, digits, `_` and `-`.
bool is_entry_name(std::string_view name);

}  // namespace mobi
