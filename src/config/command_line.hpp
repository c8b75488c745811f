// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mobi {

/// An option of a subcommand.
struct CommandOption {
    std::string name;         ///< without dashes: `set`
    std::string value;        ///< what its value is called in the help; empty: it takes none
    std::string description;  ///< for the help
    bool repeatable = false;
};

/// What a command line holds.
struct CommandLine {
    std::vector<std::string> arguments;                       ///< in order, options taken out
    std::map<std::string, std::vector<std::string>> options;  ///< those given; a flag has no values

    bool has(const std::string& option) const { return options.contains(option); }
    /// Every value of an option, in order; empty when it is not given.
    std::vector<std::string> values(const std::string& option) const;
    /// The value of an option that is given at most once.
    std::optional<std::string> value(const std::string& option) const;
};

/// Parses the words behind the subcommand: `--name value`, `--name=value`, `--flag`, arguments.
/// Options and arguments may be mixed; `--` ends the options.
///
/// \throws ConfigError  unknown option (with the nearest), missing or unexpected value, an option
///                      given twice that is not repeatable.
CommandLine parse_command_line(const std::vector<std::string>& words,
                               const std::vector<CommandOption>& options);

/// The options as aligned lines for a help text.
std::string option_help(const std::vector<CommandOption>& options);

}  // namespace mobi
