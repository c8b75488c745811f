// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

namespace mobi {

/// Where the catalogue is: the folder `configs`, if it holds `devices`, `links`, `backbones` or
/// `availability`, of `here`, else of the nearest folder above `program` that has one, itself or
/// installed as `share/fedmobillm/configs`.  Of two that are there the one in the working directory
/// is the user's own.
/// \return  relative to `here` if it is there; nothing when there is none.
std::optional<std::filesystem::path> find_catalogue(const std::filesystem::path& here,
                                                    const std::filesystem::path& program);

/// find_catalogue() for the working directory and this program; `configs` when there is none.
std::filesystem::path catalogue_folder();

/// As catalogue_folder(), for a command that is about the catalogue.
/// \throws ConfigError  when there is none.
std::filesystem::path needed_catalogue_folder();

}  // namespace mobi
