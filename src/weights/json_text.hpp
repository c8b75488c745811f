// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace mobi {

/// The largest JSON file that is read.
inline constexpr std::size_t kMostJsonBytes = std::size_t{64} << 20;

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

}  // namespace mobi
