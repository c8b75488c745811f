// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.hpp"
#include "config/run_config.hpp"

namespace mobi {

/// Reads configuration files and overrides into a resolved configuration.
///
/// What is later wins: defaults, then the catalogue, then the files in their order (an included
/// file before the one that includes it), then the overrides in theirs.  Within a file a named
/// section beats `[device.*]`.  `device.<key>` without a name is a default: it gives way to any
/// entry that sets the key itself.  `[runs]` is checked and otherwise ignored.
///
/// \param files      at least one; relative paths are relative to the working directory, those of
///                   `include` to the including file.
/// \param overrides  `key=value`, the value optionally in double quotes; `*` stands for every
///                   entry that the fleet uses.
/// \param configs    folder of the catalogue: `devices/<name>.cfg`, `links/`, `backbones/`.
/// \throws ConfigError  with all problems, one a line: `file:line: key = value: what is accepted`.
RunConfig load_config(const std::vector<std::filesystem::path>& files,
                      const std::vector<std::string>& overrides,
                      const std::filesystem::path& configs);

/// Reads the text of a resolved configuration, as dump() writes it and `/config` of a run file
/// holds it.  Touches no file; `include` is refused.
/// \param name  the text's name in errors.
RunConfig parse_resolved(std::string_view text,
                         const std::vector<std::string>& overrides = {},
                         std::string_view name = "/config");

/// Every entry of the catalogue.
struct Catalogue {
    std::map<std::string, DeviceProfile> devices;
    std::map<std::string, LinkProfile> links;
};

/// Reads `devices/` and `links/` of the catalogue's folder.
/// \throws ConfigError  with all problems.
Catalogue load_catalogue(const std::filesystem::path& configs);

/// The runs of an experiment file; lines `[runs]` of included files are not among them.
/// \throws ConfigError  when the file cannot be read or its `[runs]` has a mistake.
std::vector<ExperimentRun> list_runs(const std::filesystem::path& path);

}  // namespace mobi
