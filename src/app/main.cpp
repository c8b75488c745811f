// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "app/command.hpp"
#include "app/output.hpp"
#include "core/build_info.hpp"
#include "core/error.hpp"

namespace {

int help() {
    mobi::print_output("fedmobillm {} ({}): Fed MobiLLM on an emulated fleet\n\n",
                       mobi::program_version(), mobi::git_commit());
    for (const mobi::Command& command : mobi::commands())
        mobi::print_output("  {:<8} {}\n", command.name, command.summary);
    mobi::print_output("\n`fedmobillm <command> --help` lists a command's options.\n");
    return 0;
}

/// Packets come and go by the thousand, some larger than what glibc would keep: fetching their
/// memory anew from the kernel, page by page, takes twenty times as long as copying them (2.4 MB:
/// 1.2 ms in all, against 0.05 ms).
void keep_freed_memory() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}

/// Runs a part of the program.
/// \return  the exit code; what it throws is printed on a line that begins with `name`.
template <typename Part>
int guarded(const std::string& name, Part&& part) {
    try {
        return part();
    } catch (const mobi::Error& error) {
        fmt::print(stderr, "{}: {}\n", name, error.what());
        return error.exit_code();
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: unexpected: {}\n", name, error.what());
        return mobi::Bug("").exit_code();
    }
}

int run(const std::vector<std::string>& words) {
    if (words.empty() || words[0] == "--help" || words[0] == "help") return help();
    if (words[0] == "--version") return mobi::print_output("{}\n", mobi::program_version()), 0;
    for (const mobi::Command& command : mobi::commands())
        if (command.name == words[0]) return command.run(std::span(words).subspan(1));
    fmt::print(stderr,
               "fedmobillm: no command '{}'; run, check, replay, verify and bench are accepted\n",
               words[0]);
    return mobi::ConfigError("").exit_code();
}

}  // namespace

int main(int argc, char** argv) {
    keep_freed_memory();
    const std::vector<std::string> words(argv + 1, argv + argc);
    const std::string name = words.empty() ? "fedmobillm" : "fedmobillm " + words[0];
    const int code = guarded(name, [&] { return run(words); });
    const int output = guarded(name, [] { return mobi::finish_output(), 0; });
    return code != 0 ? code : output;
}
