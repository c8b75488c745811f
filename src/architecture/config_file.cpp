// SPDX-License-Identifier: Apache-2.0
#include "architecture/config_file.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text_file.hpp"
#include "weights/json_text.hpp"

namespace mobi {
namespace {

/// What a stranger's file holds may be long or not UTF-8.
std::string one_line(const nlohmann::json& value) {
    constexpr std::size_t kMostShown = 80;
    const std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    return text.size() <= kMostShown ? text : text.substr(0, kMostShown) + "...";
}

}  // namespace

ConfigFile::ConfigFile(std::string text, std::string name)
    : name_(std::move(name)), text_(std::move(text)) {
    try {
        object_ = std::make_unique<const nlohmann::json>(parse_json(text_));
    } catch (const JsonFault& fault) {
        throw DataError(fmt::format("{}: {}", name_, fault.what()));
    }
    if (!object_->is_object()) throw DataError(name_ + ": is not a JSON object");
}

ConfigFile::ConfigFile(const std::filesystem::path& path)
    : ConfigFile(read_text_file(path, {}, kMostJsonBytes), path.string()) {}

ConfigFile ConfigFile::parse(std::string_view text, std::string name) {
    return {std::string(text), std::move(name)};
}

ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile& ConfigFile::operator=(ConfigFile&&) noexcept = default;
ConfigFile::~ConfigFile() = default;

const nlohmann::json* ConfigFile::find(std::string_view key) const {
    const auto found = object_->find(key);
    return found == object_->end() ? nullptr : &*found;
}

bool ConfigFile::contains(std::string_view key) const {
    return find(key) != nullptr;
}

bool ConfigFile::is_null(std::string_view key) const {
    const nlohmann::json* value = find(key);
    return value != nullptr && value->is_null();
}

bool ConfigFile::empty() const {
    return object_->empty();
}

std::string ConfigFile::shown(std::string_view key) const {
    if (const nlohmann::json* value = find(key)) return one_line(*value);
    const auto taken = defaults_.find(key);
    return taken == defaults_.end() ? "absent"
                                    : fmt::format("{} (absent: the default)", taken->second);
}

std::string ConfigFile::shown() const {
    return one_line(*object_);
}

void ConfigFile::refuse(std::string_view key, std::string_view accepted) const {
    throw DataError(fmt::format("{}: {} = {}: accepted: {}", name_, key, shown(key), accepted));
}

const char* ConfigFile::either(const char* key, const char* other) const {
    const nlohmann::json* mine = find(key);
    const nlohmann::json* others = find(other);
    if (others == nullptr) return key;
    if (mine == nullptr) return other;
    if (*mine != *others)
        throw DataError(fmt::format(
            "{}: {} = {} and {} = {}: two names of one thing; accepted: the same value, or one of "
            "them alone",
            name_, key, shown(key), other, shown(other)));
    return key;
}

std::int32_t ConfigFile::take_default(std::string_view key, std::int32_t value) const {
    defaults_.insert_or_assign(std::string(key), value);
    return value;
}

std::int32_t ConfigFile::integer(std::string_view key,
                                 std::int32_t fallback,
                                 std::int32_t least,
                                 std::int32_t most) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return take_default(key, fallback);
    if (value->is_number_integer() &&
        !(value->is_number_unsigned() &&
          value->get<std::uint64_t>() > static_cast<std::uint64_t>(most))) {
        const auto number = value->get<std::int64_t>();
        if (number >= least && number <= most) return static_cast<std::int32_t>(number);
    }
    refuse(key, fmt::format("a whole number from {} to {}", least, most));
}

double ConfigFile::number(std::string_view key, double fallback, double least, double most) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_number()) {
        const auto number = value->get<double>();
        if (number >= least && number <= most) return number;
    }
    refuse(key, fmt::format("a number from {} to {}", least, most));
}

bool ConfigFile::flag(std::string_view key, bool fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) refuse(key, "true, false");
    return value->get<bool>();
}

std::string ConfigFile::text_value(std::string_view key, std::string_view fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return std::string(fallback);
    if (!value->is_string()) refuse(key, "a text");
    return value->get<std::string>();
}

std::vector<std::string> ConfigFile::texts(std::string_view key) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return {};
    if (value->is_string()) return {value->get<std::string>()};
    std::vector<std::string> texts;
    if (!value->is_array()) refuse(key, "a text, or a list of texts");
    for (const auto& text : *value) {
        if (!text.is_string()) refuse(key, "a text, or a list of texts");
        texts.push_back(text.get<std::string>());
    }
    return texts;
}

std::optional<ConfigFile> ConfigFile::object(std::string_view key) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_object()) refuse(key, "an object");
    return parse(value->dump(-1, ' ', true, nlohmann::json::error_handler_t::replace),
                 fmt::format("{}: {}", name_, key));
}

}  // namespace mobi
