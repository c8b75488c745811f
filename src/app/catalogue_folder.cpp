// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_folder.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "config/options.hpp"
#include "core/error.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "configs";
constexpr const char* kInstalled = "share/fedmobillm";  // below the prefix of an installation

bool is_catalogue(const fs::path& folder) {
    constexpr std::array kKinds{EntryKind::Device, EntryKind::Link, EntryKind::Backbone,
                                EntryKind::Availability};
    return std::any_of(kKinds.begin(), kKinds.end(), [&](EntryKind kind) {
        std::error_code ignored;
        return fs::is_directory(folder / catalogue_of(kind), ignored);
    });
}

std::optional<fs::path> found() {
    std::error_code ignored;
    return find_catalogue(".", fs::read_symlink("/proc/self/exe", ignored));
}

}  // namespace

std::optional<fs::path> find_catalogue(const fs::path& here, const fs::path& program) {
    if (is_catalogue(here / kName)) return here == "." ? fs::path(kName) : here / kName;
    for (fs::path folder = program; folder.has_relative_path();) {
        folder = folder.parent_path();
        for (const fs::path& base : {folder, folder / kInstalled})
            if (is_catalogue(base / kName)) return base / kName;
    }
    return std::nullopt;
}

fs::path catalogue_folder() {
    return found().value_or(kName);
}

fs::path needed_catalogue_folder() {
    if (auto folder = found()) return *folder;
    throw ConfigError(
        fmt::format("no catalogue: there is no folder '{}' with devices, links or backbones in the "
                    "working directory, nor above the program",
                    kName));
}

}  // namespace mobi
