// SPDX-License-Identifier: Apache-2.0
#include "device/atc_profile.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 16;

Json parse(std::string_view text, const std::string& name) {
    const auto watch = [&](int depth, Json::parse_event_t, Json&) {
        if (depth > kDeepest)
            throw DataError(fmt::format("{}: is nested deeper than {}", name, kDeepest));
        return true;
    };
    try {
        return Json::parse(text, watch);
    } catch (const Json::exception& error) {
        throw DataError(fmt::format("{}: is not JSON ({})", name, printable(error.what(), 120)));
    }
}

/// A number or a text that spells one; nothing when it is neither.
std::optional<double> number(const Json& value) {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) return std::nullopt;
    const auto& word = value.get_ref<const std::string&>();
    double parsed = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), parsed);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return parsed;
}

/// One direction's figures.
class Direction {
  public:
    Direction(const Json& profile, const std::string& name, std::string_view direction)
        : profile_(profile), name_(name), direction_(direction) {}

    /// The number at `path` below the direction, between the bounds.
    double figure(std::initializer_list<const char*> path, double least, double most) const {
        std::string key = fmt::format("content.{}", direction_);
        const Json* value = member(member(&profile_, "content"), direction_.c_str());
        for (const char* part : path) {
            value = member(value, part);
            key += fmt::format(".{}", part);
        }
        const std::optional<double> found = value == nullptr ? std::nullopt : number(*value);
        if (!found || !(*found >= least && *found <= most))
            throw DataError(
                fmt::format("{}: {}: accepted: a number from {} to {}", name_, key, least, most));
        return *found;
    }

  private:
    static const Json* member(const Json* object, const char* name) {
        if (object == nullptr || !object->is_object()) return nullptr;
        const auto found = object->find(name);
        return found == object->end() ? nullptr : &*found;
    }

    const Json& profile_;
    const std::string& name_;
    std::string direction_;
};

}  // namespace

void apply_atc_profile(std::string_view text, const std::string& name, LinkProfile& link) {
    constexpr double kMostKilobits = 1e9;
    constexpr double kMostMilliseconds = 3.6e6;
    const Json profile = parse(text, name);
    const Direction up(profile, name, "up");
    const Direction down(profile, name, "down");
    link.uplink_bytes_per_s = up.figure({"rate"}, 1e-3, kMostKilobits) * 1e3 / 8;
    link.downlink_bytes_per_s = down.figure({"rate"}, 1e-3, kMostKilobits) * 1e3 / 8;
    link.latency_s = up.figure({"delay", "delay"}, 0, kMostMilliseconds) * 1e-3;
    link.jitter_s = up.figure({"delay", "jitter"}, 0, kMostMilliseconds) * 1e-3;
    link.loss = up.figure({"loss", "percentage"}, 0, 99) * 1e-2;
}

}  // namespace mobi
