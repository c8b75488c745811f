// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace mobi {

/// The `config.json` of a Hugging Face folder, or another JSON object, with typed look-ups.
///
/// An absent key takes the default, as the class that wrote the file does; unknown keys are
/// ignored, since every writer adds its own.  `null` is not absent: what it means, if anything, the
/// caller says.  Every error names the file, the key, its value (and whether that is a default) and
/// what is accepted.  Not thread-safe: it remembers which defaults it gave.
class ConfigFile {
  public:
    /// \throws DataError  when the file is missing or is not a JSON object.
    explicit ConfigFile(const std::filesystem::path& path);

    /// The same from text; `name` stands for the path in errors.
    static ConfigFile parse(std::string_view text, std::string name);

    ConfigFile(const ConfigFile&) = delete;
    ConfigFile& operator=(const ConfigFile&) = delete;
    ConfigFile(ConfigFile&&) noexcept;
    ConfigFile& operator=(ConfigFile&&) noexcept;
    ~ConfigFile();

    const std::string& name() const noexcept { return name_; }
    /// The bytes of the file.
    const std::string& text() const noexcept { return text_; }

    /// \throws DataError  of these five: the value is null, of another type or out of range.
    std::int32_t integer(std::string_view key,
                         std::int32_t fallback,
                         std::int32_t least,
                         std::int32_t most = std::numeric_limits<std::int32_t>::max()) const;
    double number(std::string_view key, double fallback, double least, double most) const;
    bool flag(std::string_view key, bool fallback) const;
    std::string text_value(std::string_view key, std::string_view fallback) const;
    /// A text or a list of texts; empty when absent.
    std::vector<std::string> texts(std::string_view key) const;
    /// An object inside the object, whose errors name both; nullopt when absent or null.
    std::optional<ConfigFile> object(std::string_view key) const;

    bool contains(std::string_view key) const;
    bool is_null(std::string_view key) const;
    /// Whether the key is there and says something.
    bool says(std::string_view key) const { return contains(key) && !is_null(key); }
    bool empty() const;

    /// `key`, or `other`, another name of the same thing, when that alone is there.
    /// \throws DataError  when both are there with different values.
    const char* either(const char* key, const char* other) const;

    /// The value as JSON on one line, shortened; "absent", or the default that was taken.
    std::string shown(std::string_view key) const;
    /// The whole object likewise.
    std::string shown() const;

    /// Remembers that `value` stands for a key that is absent or null.  \return  `value`.
    std::int32_t take_default(std::string_view key, std::int32_t value) const;
    /// The whole numbers that the look-ups so far took from their default, by key.
    const std::map<std::string, std::int32_t, std::less<>>& defaults_taken() const noexcept {
        return defaults_;
    }

    /// Throws DataError: `<file>: <key> = <value>: <accepted>`.
    [[noreturn]] void refuse(std::string_view key, std::string_view accepted) const;

  private:
    ConfigFile(std::string text, std::string name);
    /// The value, which may be null; nullptr when absent.
    const nlohmann::json* find(std::string_view key) const;

    std::string name_;
    std::string text_;
    std::unique_ptr<const nlohmann::json> object_;
    mutable std::map<std::string, std::int32_t, std::less<>> defaults_;
};

}  // namespace mobi
