// SPDX-License-Identifier: Apache-2.0
#include "config/arguments.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {

namespace po = boost::program_options;

std::string Arguments::get(const std::string& name, const std::string& fallback) const {
    const auto found = options.find(name);
    return found == options.end() ? fallback : found->second.back();
}

std::vector<std::string> Arguments::all(const std::string& name) const {
    const auto found = options.find(name);
    return found == options.end() ? std::vector<std::string>() : found->second;
}

Arguments parse_arguments(std::span<const std::string> words, std::span<const ArgumentSpec> specs) {
    po::options_description description;
    std::vector<std::string> names;
    for (const ArgumentSpec& spec : specs) {
        names.push_back("--" + spec.name);
        if (spec.takes_value)
            description.add_options()(spec.name.c_str(), po::value<std::vector<std::string>>());
        else
            description.add_options()(spec.name.c_str(), po::bool_switch());
    }
    try {
        namespace style = po::command_line_style;
        const auto parsed =
            po::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
                .options(description)
                .allow_unregistered()
                .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
                .run();
        Arguments arguments;
        for (const auto& option : parsed.options) {
            if (option.unregistered) {
                std::string text = fmt::format("unknown option {}", option.original_tokens[0]);
                if (const auto near = nearest(split(option.original_tokens[0], '=')[0], names))
                    text += fmt::format("; did you mean {}?", *near);
                throw ConfigError(text + " (--help lists the options)");
            }
            if (option.position_key >= 0 || option.string_key.empty()) {
                arguments.positional.insert(arguments.positional.end(), option.value.begin(),
                                            option.value.end());
                continue;
            }
            auto& values = arguments.options[option.string_key];
            if (option.value.empty()) values.emplace_back();
            values.insert(values.end(), option.value.begin(), option.value.end());
        }
        return arguments;
    } catch (const po::error& error) {
        throw ConfigError(fmt::format("command line: {}", error.what()));
    }
}

std::string describe_arguments(std::span<const ArgumentSpec> specs) {
    std::string text;
    for (const ArgumentSpec& spec : specs)
        text += fmt::format("  {:<24} {}\n",
                            fmt::format("--{}{}", spec.name, spec.takes_value ? " VALUE" : ""),
                            spec.description);
    return text;
}

}  // namespace mobi
