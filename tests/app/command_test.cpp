// SPDX-License-Identifier: Apache-2.0
#include "app/command.hpp"

#include <set>

#include "app/bench.hpp"
#include "app/captured.hpp"
#include "core/text.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

/// The subcommands that start no MPI, with what each is called by.
struct Callable {
    const char* usage;  ///< with which its help begins
    int (*run)(std::span<const std::string>);
};

constexpr Callable kCallable[] = {
    {"usage: fedmobillm check CONFIG.cfg", check_command},
    {"usage: fedmobillm replay RUN.h5", replay_command},
    {"usage: fedmobillm verify FOLDER", verify_command},
    {"usage: fedmobillm bench forward FOLDER", bench_forward_command},
    {"usage: fedmobillm bench timeline ", bench_timeline_command},
    {"usage: mpirun -np N fedmobillm bench transport ", bench_transport_command},
};

/// The options that a help text lists, one a line, and whether each takes a value.
std::vector<std::pair<std::string, bool>> options_in(const std::string& help) {
    std::vector<std::pair<std::string, bool>> options;
    for (const std::string_view line : split(help, '\n')) {
        if (!line.starts_with("  --")) continue;
        const auto words = split_words(line);
        options.emplace_back(words[0], words[1] == "VALUE");
    }
    return options;
}

TEST(CommandsTest, EachIsListedOnceWithASummary) {
    std::set<std::string_view> names;
    for (const Command& command : commands()) {
        EXPECT_TRUE(names.insert(command.name).second) << command.name;
        EXPECT_FALSE(command.summary.empty());
        EXPECT_TRUE(is_one_line(command.summary));
        EXPECT_NE(command.run, nullptr);
    }
    EXPECT_EQ(names, (std::set<std::string_view>{"bench", "check", "replay", "run", "verify"}));
}

TEST(CommandsTest, ANameLeadsToItsOwnCommand) {
    for (const Command& command : commands())
        if (command.name == "check")
            EXPECT_EQ(command.run, check_command);
        else if (command.name == "replay")
            EXPECT_EQ(command.run, replay_command);
        else if (command.name == "verify")
            EXPECT_EQ(command.run, verify_command);
        else if (command.name == "bench")
            EXPECT_EQ(command.run, bench_command);
        else
            EXPECT_EQ(command.run, run_command);
}

TEST(CommandsTest, HelpListsEveryOptionAndDoesNothingElse) {
    for (const Callable& command : kCallable) {
        const Answer answer = answer_of(command.run, {"--help"});
        EXPECT_EQ(answer.code, 0);
        EXPECT_TRUE(answer.text.starts_with(command.usage)) << answer.text;
        const auto options = options_in(answer.text);
        ASSERT_FALSE(options.empty()) << command.usage;
        EXPECT_EQ(options.back().first, "--help");
        std::set<std::string> names;
        for (const auto& [name, takes_value] : options) EXPECT_TRUE(names.insert(name).second);
        EXPECT_EQ(answer_of(command.run, {"no", "such", "file", "--help"}).text, answer.text);
    }
}

TEST(CommandsTest, AnUnknownOptionIsNamedWithTheNearest) {
    for (const Callable& command : kCallable) {
        EXPECT_EQ(refusal_by([&] { command.run(Words{"--halp"}); }),
                  "2: unknown option --halp; did you mean --help? (--help lists the options)")
            << command.usage;
        EXPECT_EQ(refusal_by([&] { command.run(Words{"--entirely-different-thing=1"}); }),
                  "2: unknown option --entirely-different-thing=1 (--help lists the options)")
            << command.usage;
    }
}

TEST(CommandsTest, AnOptionThatTakesAValueNeedsOneAndAFlagHasNone) {
    for (const Callable& command : kCallable)
        for (const auto& [option, takes_value] :
             options_in(answer_of(command.run, {"--help"}).text)) {
            const std::string refused = refusal_by(
                [&, name = option] { command.run(Words{takes_value ? name : name + "=1"}); });
            EXPECT_TRUE(refused.starts_with("2: command line: ")) << option << ": " << refused;
            EXPECT_TRUE(contains(refused, option.substr(2)));
        }
}

TEST(CommandsTest, WhatACommandWorksOnHasToBeNamed) {
    EXPECT_EQ(refusal_by([] { check_command({}); }),
              "2: check takes one configuration file or more, e.g. configs/quickstart.cfg");
    for (const Words& words : {Words{}, Words{"a.h5", "b.h5"}})
        EXPECT_EQ(refusal_by([&] { replay_command(words); }),
                  "2: replay takes one run file, e.g. results/quickstart/run.h5");
    for (const Words& words : {Words{}, Words{"a"}, Words{"a", "b", "c"},
                               Words{"a", "b", "--tokenizer", "c"}, Words{"--generate", "3"}})
        EXPECT_TRUE(refusal_by([&] {
                        verify_command(words);
                    }).starts_with("2: verify takes a backbone's folder and a reference"));
    for (const Words& words : {Words{}, Words{"a", "b"}})
        EXPECT_EQ(refusal_by([&] { bench_forward_command(words); }),
                  "2: bench forward takes a backbone's folder");
    EXPECT_EQ(refusal_by([] { bench_timeline_command(Words{"a"}); }),
              "2: bench timeline takes options alone");
    EXPECT_EQ(refusal_by([] { bench_transport_command(Words{"a"}); }),
              "2: bench transport takes options alone");
}

}  // namespace
}  // namespace mobi::test
