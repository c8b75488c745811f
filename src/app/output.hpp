// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {

/// Standard output cannot be written.  Example: a full disk.
class OutputError : public Error {
  public:
    explicit OutputError(const std::string& what) : Error(what, 5) {}
};

/// Appends to standard output.  It may fail much later, when the buffer is written, and a run must
/// not end half-way because nobody reads its summary: so it never throws, and finish_output() has
/// the last word.
void write_output(std::string_view text) noexcept;

/// The same, formatted.
template <typename... T>
void print_output(fmt::format_string<T...> format, T&&... values) {
    write_output(fmt::format(format, std::forward<T>(values)...));
}

/// Writes what is buffered.  main() calls it when all else is done.
/// \throws OutputError  when anything that was printed is lost: the disk is full, or nobody reads.
void finish_output();

}  // namespace mobi
