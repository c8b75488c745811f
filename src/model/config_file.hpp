// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace mobi {

/// The `config.json` of a Hugging Face folder, or another JSON object, with typed look-ups.
///
/// An absent or null key takes the default, as the class that wrote the file does; unknown keys are
/// ignored, since every writer adds its own.  Every error names the file, the key and what is
/// accepted.
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

    std::int32_t integer(std::string_view key,
                         std::int32_t fallback,
                         std::int32_t least,
                         std::int32_t most = std::numeric_limits<std::int32_t>::max()) const;
    double number(std::string_view key, double fallback, double least, double most) const;
    bool flag(std::string_view key, bool fallback) const;
    std::string text_value(std::string_view key, std::string_view fallback) const;
    /// An object inside the object, whose errors name both; nullopt when absent or null.
    std::optional<ConfigFile> object(std::string_view key) const;

    /// Throws DataError: `<file>: <key> = <value>: <accepted>`.
    [[noreturn]] void refuse(std::string_view key, std::string_view accepted) const;

  private:
    ConfigFile(std::string text, std::string name);
    const nlohmann::json* find(std::string_view key) const;

    std::string name_;
    std::string text_;
    std::unique_ptr<const nlohmann::json> object_;
};

}  // namespace mobi
