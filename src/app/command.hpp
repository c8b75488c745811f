// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mobi {

/// A subcommand of `fedmobillm`.
struct Command {
    std::string_view name;
    std::string_view summary;
    /// \param words  the command line after the subcommand's name.
    /// \return       the exit code; 0 = all well.  Throws Error for what the user can mend.
    int (*run)(std::span<const std::string> words);
};

/// All of them, in the order of `fedmobillm --help`.
std::span<const Command> commands();

int run_command(std::span<const std::string> words);
int check_command(std::span<const std::string> words);
int replay_command(std::span<const std::string> words);
int verify_command(std::span<const std::string> words);
int bench_command(std::span<const std::string> words);

}  // namespace mobi
