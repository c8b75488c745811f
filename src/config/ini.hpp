// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mobi {

// The form of a configuration file: that of Boost.Program_options, line by line,
//
//     # a comment runs to the end of its line
//     include = base.cfg          before the first section; may be repeated
//     server.batch = 32           a full name before the first section
//     [server]                    prefixes the names that follow
//     batch = 32                  so this is server.batch
//     [runs]                      the runs of an experiment: experiment.hpp
//     cold = --set server.batch=16
//
// and one addition: a value that begins with a double quote ends at the next one, so that it can
// hold a # or outer blanks; \" and \\ stand for themselves within.
//
// Boost's own parser reads the same files but stops at the first problem, and its errors have no
// line number, so this reader replaces it; the command line is Boost's (arguments.hpp).

/// One `key = value`.
struct ConfigLine {
    std::string where;  ///< `file:line`
    std::string key;    ///< with its section, e.g. `server.batch`
    std::string value;  ///< without quotes; of a run, as written
};

/// A problem with a line, as the user reads it: `file:line: key = value: what`.
std::string problem_text(const ConfigLine& line, std::string_view what);

/// The `key=value` of a --set.
/// \throws std::invalid_argument  when it is none.
ConfigLine read_override(const std::string& text);

/// What a text holds.  Problems are collected, not thrown.
struct IniText {
    std::vector<ConfigLine> lines;  ///< in the order of the text; no key twice
    std::vector<ConfigLine> includes;
    std::vector<ConfigLine> runs;  ///< of [runs]; key = the name on the line alone
    std::vector<std::string> problems;
};

/// \param name  the file's name in `where` and in problems.
IniText read_ini(std::string_view text, std::string_view name);

/// The reverse of what read_ini() does to a value: quotes it when it has to be.
std::string quote_value(std::string_view value);

/// Takes the quotes off a value that begins with one.
/// \throws std::invalid_argument  when the closing quote is missing or something follows it.
std::string unquote_value(std::string_view value);

/// Splits a text into words as a shell does: blanks separate, single and double quotes join.
/// \throws std::invalid_argument  when a quote is not closed.
std::vector<std::string> split_arguments(std::string_view text);

}  // namespace mobi
