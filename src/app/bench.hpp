// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <istream>
#include <span>
#include <string>
#include <vector>

namespace mobi {

int bench_forward_command(std::span<const std::string> words);
int bench_server_command(std::span<const std::string> words);
int bench_timeline_command(std::span<const std::string> words);
int bench_transport_command(std::span<const std::string> words);

/// Whole numbers from 1 to `most` of a text, cut at `separator`; `#` begins a comment.
/// \param name  of the text, for errors.
/// \throws ConfigError  naming text and line.
std::vector<std::int32_t> read_numbers(std::istream& text,
                                       char separator,
                                       const std::string& name,
                                       std::int32_t most);

/// The value of an option: numbers with commas.
std::vector<std::int32_t> read_numbers(const std::string& option,
                                       const std::string& value,
                                       std::int32_t most);

}  // namespace mobi
