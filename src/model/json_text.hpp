// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace mobi {

/// What is wrong with a JSON text, without its name: "is not JSON (...)".
class JsonFault : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Parses what a stranger wrote.  Stricter than the library, which keeps the last of two equal keys
/// and whose recursive functions overflow the stack on a value that is nested deeply enough.
/// \throws JsonFault  when it is no JSON, a key occurs twice in an object, or it is nested deeper
///                    than 64.
nlohmann::json parse_json(std::string_view text);

/// The whole of a file that is meant to be small.
/// \throws DataError  when it cannot be opened, is no regular file, or is above 64 MiB.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace mobi
