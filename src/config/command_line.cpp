// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.hpp"

#include <algorithm>
#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

namespace po = boost::program_options;

po::options_description describe(const std::vector<CommandOption>& options) {
    po::options_description description;
    for (const auto& option : options) {
        if (option.value.empty())
            description.add_options()(option.name.c_str(), option.description.c_str());
        else
            description.add_options()(option.name.c_str(),
                                      po::value<std::string>()->value_name(option.value),
                                      option.description.c_str());
    }
    return description;
}

[[noreturn]] void fail_unknown(const std::string& name, const std::vector<CommandOption>& options) {
    std::vector<std::string> names;
    for (const auto& option : options) names.push_back("--" + option.name);
    if (const auto meant = nearest(name, names))
        throw ConfigError(fmt::format("unknown option {}; did you mean {}?", name, *meant));
    throw ConfigError(fmt::format("unknown option {}; accepted: {}", name, fmt::join(names, ", ")));
}

}  // namespace

std::vector<std::string> CommandLine::values(const std::string& option) const {
    const auto found = options.find(option);
    return found == options.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::string> CommandLine::value(const std::string& option) const {
    const auto all = values(option);
    return all.empty() ? std::nullopt : std::optional(all.back());
}

CommandLine parse_command_line(const std::vector<std::string>& words,
                               const std::vector<CommandOption>& options) {
    const auto description = describe(options);
    po::positional_options_description everything_else;
    everything_else.add(" argument", -1);  // a name that cannot be typed as an option
    po::options_description with_arguments;
    with_arguments.add(description);
    with_arguments.add_options()(" argument", po::value<std::string>());
    CommandLine line;
    try {
        const auto parsed = po::command_line_parser(words)
                                .options(with_arguments)
                                .positional(everything_else)
                                .style(po::command_line_style::allow_long |
                                       po::command_line_style::long_allow_adjacent |
                                       po::command_line_style::long_allow_next)
                                .run();
        for (const auto& option : parsed.options) {
            if (option.string_key == " argument") {
                line.arguments.insert(line.arguments.end(), option.value.begin(),
                                      option.value.end());
                continue;
            }
            const bool repeatable =
                std::any_of(options.begin(), options.end(), [&](const CommandOption& one) {
                    return one.name == option.string_key && one.repeatable;
                });
            if (line.has(option.string_key) && !repeatable)
                throw ConfigError(fmt::format("--{} is given twice", option.string_key));
            auto& values = line.options[option.string_key];
            values.insert(values.end(), option.value.begin(), option.value.end());
        }
    } catch (const po::unknown_option& error) {
        fail_unknown(error.get_option_name(), options);
    } catch (const po::error& error) {
        throw ConfigError(error.what());
    }
    return line;
}

std::string option_help(const std::vector<CommandOption>& options) {
    std::ostringstream text;
    text << describe(options);
    return text.str();
}

}  // namespace mobi
