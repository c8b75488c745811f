// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/units.hpp"

namespace mobi {

/// What stands before the unit: `t0` of `t0 [ms]`.
std::string_view csv_key(std::string_view title);

/// Reads a CSV of figures as people and spreadsheets write one: a header, then lines of as many
/// cells.
///
/// Blank lines and lines that begin with `#` are left out; fields are not quoted and hold no comma.
class CsvReader {
  public:
    /// Reads the header.
    /// \param text  must outlive the reader; what it returns are views into it.
    /// \param name  of the text, begins every error.
    /// \throws DataError  naming the line: tabs or semicolons for commas, two columns of a key.
    CsvReader(std::string_view text, std::string name);

    const std::string& name() const noexcept { return name_; }
    /// Trimmed; empty where pandas wrote its index.
    const std::vector<std::string_view>& titles() const noexcept { return titles_; }

    /// The next line's cells, trimmed, as many as there are titles, valid until the next call; null
    /// at the end.
    /// \throws DataError  when it has another number of fields.
    const std::vector<std::string_view>* next();

    std::size_t line() const noexcept { return line_; }  ///< number of the line read last
    std::string where() const;                           ///< `name:line`

  private:
    bool advance();

    std::string_view rest_;
    std::string name_;
    std::vector<std::string_view> titles_;
    std::vector<std::string_view> cells_;
    std::string_view text_of_line_;
    std::size_t line_ = 0;
};

/// What a figure of the column is multiplied by to be in SI.
///
/// \param quantity  none: a number, which has no unit.
/// \param suffix    what the units of the file lack, e.g. `/s` where FLOPs are counted.
/// \throws DataError  when the unit is missing, another quantity's, or there is one too many.
double csv_scale(std::string_view title,
                 std::optional<Quantity> quantity,
                 const std::string& name,
                 std::string_view suffix = {});

/// What a cell may hold, in SI.
struct CsvRange {
    double least = 0;
    double most = 1e30;
    bool zero = true;  ///< whether `least` itself is accepted
};

/// A cell in SI.  \throws DataError  naming `where`, column and what is accepted.
double csv_number(std::string_view cell,
                  double scale,
                  const CsvRange& range,
                  std::string_view title,
                  const std::string& where);

}  // namespace mobi
