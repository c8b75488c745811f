// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/table.hpp"

namespace mobi {

/// The most classes a packet has room for: its field has 16 bits.
inline constexpr std::size_t kMostClasses = 65'535;

/// The names of classes, and what looks like a mistake in them, a line each.
struct ClassNames {
    std::vector<std::string> names;
    std::vector<std::string> warnings;
};

/// The label of a row: its cell without the blanks around it.
/// \throws DataError  when it is empty or holds a control character.
std::string_view label_at(const Table& table, std::size_t row, std::size_t column);

/// The labels found in a column, in order of their bytes, two at least.
///
/// Warns of labels that people would take for one (see name_key()), of blanks around labels, of
/// what programs write for a missing value, and of so many numbers that they may be targets of a
/// regression.
/// \throws DataError  at a label that is none, and when there are fewer than two or more than
///                    kMostClasses.
ClassNames found_class_names(const Table& table, const std::string& column);

/// The classes of a file with one name a line; blanks around names and empty lines do not count.
/// Warns of names that people would take for one.
/// \throws DataError  when fewer than two or more than kMostClasses are named, or one twice.
ClassNames read_class_names(const std::string& path);

/// Equal for names that people would take for one: those that differ by case, by blanks, by their
/// Unicode form (letters composed or not, of full width or not), or as a number ("1", "1.0", "01").
/// \pre name is UTF-8
std::string name_key(std::string_view name);

/// Whether a cell is what pandas, R or SQL write for a value that is missing, such as `nan`.
bool is_missing_value(std::string_view cell);

}  // namespace mobi
