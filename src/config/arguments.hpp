// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace mobi {

/// An option of a subcommand.  `--set key=value`, which may be repeated, is accepted by those that
/// list it like any other.
struct ArgumentSpec {
    std::string name;  ///< without dashes
    bool takes_value = true;
    std::string description;
};

/// The words after a subcommand.
struct Arguments {
    std::vector<std::string> positional;
    std::map<std::string, std::vector<std::string>>
        options;  ///< name -> its values; a flag: one ""

    bool has(const std::string& name) const { return options.count(name) > 0; }
    /// The last value of an option, or `fallback`.
    std::string get(const std::string& name, const std::string& fallback = {}) const;
    /// All values of an option.
    std::vector<std::string> all(const std::string& name) const;
};

/// Splits the words of a command line.
/// \throws ConfigError  names the option that is not known, with the nearest that is, or that lacks
///                      its value.
Arguments parse_arguments(std::span<const std::string> words, std::span<const ArgumentSpec> specs);

/// One line an option, for `--help`.
std::string describe_arguments(std::span<const ArgumentSpec> specs);

}  // namespace mobi
