// SPDX-License-Identifier: Apache-2.0
#include "architecture/pooling.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "weights/folder_files.hpp"
#include "weights/json_text.hpp"
#include "weights/relative_name.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModules = "modules.json";
constexpr const char* kUsual = "1_Pooling";

/// Flag of old files and the mode that it asks for; `_LEGACY_POOLING_MODE_KWARGS` of
/// sentence-transformers 6.2.
constexpr std::array<std::pair<const char*, const char*>, 6> kFlags{
    {{"pooling_mode_cls_token", "cls"},
     {"pooling_mode_max_tokens", "max"},
     {"pooling_mode_mean_tokens", "mean"},
     {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
     {"pooling_mode_weightedmean_tokens", "weightedmean"},
     {"pooling_mode_lasttoken", "lasttoken"}}};

std::optional<Pivot> pivot_of(std::string_view mode) {
    if (mode == "cls") return Pivot::First;
    if (mode == "mean") return Pivot::Mean;
    if (mode == "lasttoken") return Pivot::Last;
    return std::nullopt;
}

/// What modules.json says of the folder's pooling.
struct ModuleList {
    fs::path file;
    std::vector<SentenceModule> modules;

    /// Those of a class whose name has `Pooling` in it.
    std::vector<SentenceModule> poolings() const {
        std::vector<SentenceModule> found;
        for (const SentenceModule& module : modules)
            if (module.type.find("Pooling") != std::string::npos) found.push_back(module);
        return found;
    }
    bool names(const std::string& path) const {
        return std::any_of(modules.begin(), modules.end(),
                           [&](const SentenceModule& module) { return module.path == path; });
    }
};

ModuleList read_modules(const fs::path& file) {
    return {file, parse_modules(read_text_file(file, {}, kMostJsonBytes), file.string())};
}

std::optional<ModuleList> find_modules(const fs::path& folder) {
    if (is_there(folder / kModules)) return read_modules(folder / kModules);
    std::error_code error;
    const fs::path whole = (fs::absolute(folder, error) / "").lexically_normal().parent_path();
    const fs::path above = whole.parent_path() / kModules;
    if (error || !is_there(above)) return std::nullopt;
    ModuleList list = read_modules(above);
    if (list.names(whole.filename().string())) return list;
    return std::nullopt;
}

void read_modes(const fs::path& file, Pooling& pooling) {
    const ConfigFile config(file);
    const std::vector<std::string> modes = pooling_modes(config);
    const auto pivot = modes.size() == 1 ? pivot_of(modes.front()) : std::nullopt;
    if (!pivot) {
        std::vector<std::string> shown;
        for (const std::string& mode : modes) shown.push_back(printable(mode));
        pooling.other = fmt::format("{}: pooling_mode = {}", config.name(), fmt::join(shown, ", "));
    } else {
        pooling.pivot = *pivot;
        pooling.notes.push_back({"pooling " + modes.front(), config.name(), ""});
    }
}

}  // namespace

std::vector<std::string> pooling_modes(const ConfigFile& config) {
    std::vector<std::string> flagged;
    for (const auto& [flag, mode] : kFlags)
        if (config.says(flag) && config.flag(flag, false)) flagged.emplace_back(mode);
    if (!config.contains("pooling_mode"))
        return flagged.empty() ? std::vector<std::string>{"mean"} : flagged;
    std::vector<std::string> named = config.texts("pooling_mode");
    if (named.empty()) config.refuse("pooling_mode", "the name of a mode, or a list of names");
    const auto sorted = [](std::vector<std::string> names) {
        std::sort(names.begin(), names.end());
        return names;
    };
    if (!flagged.empty() && sorted(flagged) != sorted(named))
        throw DataError(
            fmt::format("{}: pooling_mode = {}, but the flags pooling_mode_* ask for {}: accepted: "
                        "the same, or one spelling alone",
                        config.name(), config.shown("pooling_mode"), fmt::join(flagged, ", ")));
    return named;
}

std::vector<SentenceModule> parse_modules(std::string_view text, const std::string& name) {
    nlohmann::json json;
    try {
        json = parse_json(text);
    } catch (const JsonFault& fault) {
        throw DataError(fmt::format("{}: {}", name, fault.what()));
    }
    const auto refuse = [&](const char* what) { throw DataError(name + ": " + what); };
    if (!json.is_array()) refuse("is not a list of modules");
    std::vector<SentenceModule> modules;
    for (const auto& item : json) {
        const auto type = item.is_object() ? item.find("type") : item.end();
        const auto path = item.is_object() ? item.find("path") : item.end();
        if (type == item.end() || path == item.end() || !type->is_string() || !path->is_string())
            refuse("a module needs the texts \"type\" and \"path\"");
        const auto& whole = type->get_ref<const std::string&>();
        SentenceModule module{whole.substr(whole.rfind('.') + 1), ""};
        if (!path->get_ref<const std::string&>().empty()) {
            const auto inside = relative_name(path->get_ref<const std::string&>());
            if (!inside) refuse("the path of a module is not a folder inside");
            module.path = *inside;
        }
        modules.push_back(std::move(module));
    }
    return modules;
}

Pooling read_pooling(const fs::path& folder, Pivot fallback) {
    Pooling pooling{fallback, {}, {}};
    const auto list = find_modules(folder);
    if (!list) {
        const fs::path usual = folder / kUsual / "config.json";
        if (is_there(usual)) read_modes(usual, pooling);
        return pooling;
    }
    const std::vector<SentenceModule> poolings = list->poolings();
    const fs::path root = list->file.parent_path();
    if (poolings.empty()) {
        if (is_there(root / kUsual / "config.json"))
            pooling.other = fmt::format("{} names no pooling, but {} is there", list->file.string(),
                                        (root / kUsual).string());
        return pooling;
    }
    if (poolings.size() > 1 || poolings.front().type != "Pooling") {
        pooling.other = fmt::format("{}: pooling by {}{}", list->file.string(),
                                    printable(poolings.front().type),
                                    poolings.size() > 1 ? " and another module" : "");
        return pooling;
    }
    const fs::path named = root / poolings.front().path / "config.json";
    if (!is_there(named)) {
        pooling.other = fmt::format("{} names the pooling {}, which is not there",
                                    list->file.string(), (root / poolings.front().path).string());
        return pooling;
    }
    read_modes(named, pooling);
    const fs::path usual = root / kUsual / "config.json";
    if (poolings.front().path != kUsual && is_there(usual) && !pooling.notes.empty())
        pooling.notes.back().other =
            fmt::format("{} names it; {} is not read", list->file.string(), usual.string());
    return pooling;
}

}  // namespace mobi
