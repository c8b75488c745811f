// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace mobi {

/// A JSON value that knows its file and key, so that every complaint names both.  A view: the value
/// and the file's name must outlive it.
class JsonNode {
  public:
    static constexpr std::int32_t kLargestId = std::numeric_limits<std::int32_t>::max() - 1;

    JsonNode(std::string_view file, std::string key, const nlohmann::json& value);

    /// \throws DataError  `file: key: problem`, always.
    [[noreturn]] void fail(const std::string& problem) const;

    /// Whether it is an object that has `name`, and not as null.
    bool has(const std::string& name) const;
    bool is_null() const { return value_->is_null(); }
    bool is_object() const { return value_->is_object(); }
    bool is_string() const { return value_->is_string(); }

    /// The rest throws DataError when the value is of another kind.
    JsonNode at(const std::string& name) const;
    std::vector<JsonNode> items() const;                                     ///< of a list
    std::vector<std::pair<std::string, JsonNode>> members() const;           ///< of an object
    std::string text() const;                                                ///< UTF-8
    bool flag(const std::string& name, bool otherwise) const;                ///< a member
    std::int32_t id(std::int32_t largest = kLargestId) const;                ///< from 0 on
    std::string text(const std::string& name, std::string otherwise) const;  ///< a member

    /// Its `type`, or "null": which of several forms the object has.
    std::string kind() const;

  private:
    std::string_view file_;
    std::string key_;
    const nlohmann::json* value_;
};

/// Parses strictly: text that is not UTF-8 is an error, and so is a key that is given twice, where
/// the library would keep the last.
/// \param name  of the file, for messages.
/// \throws DataError
nlohmann::json parse_json(std::string_view name, std::string_view text);

}  // namespace mobi
