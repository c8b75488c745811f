// SPDX-License-Identifier: Apache-2.0
#include "core/signals.hpp"

#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/long_work.hpp"

namespace mobi::test {
namespace {

// Each in a process of its own: what was caught stays caught.
TEST(SignalsDeathTest, TheFirstEndsLongWork) {
    const auto interrupted = [](int signal) {
        catch_signals();
        LongWork work("work");
        work.step(1, 2);
        std::raise(signal);
        try {
            work.step(2, 2);
        } catch (const Interrupted& error) {
            fprintf(stderr, "%s\n", error.what());
            _exit(error.exit_code());
        }
    };
    EXPECT_EXIT(interrupted(SIGINT), testing::ExitedWithCode(130),
                "interrupted; nothing was written");
    EXPECT_EXIT(interrupted(SIGTERM), testing::ExitedWithCode(143),
                "terminated; nothing was written");
}

TEST(SignalsDeathTest, ASecondOneDoesNotWait) {
    const auto twice = [](unsigned wait_us) {
        catch_signals();
        std::raise(SIGINT);
        usleep(wait_us);
        std::raise(SIGTERM);
        _exit(0);  // one Ctrl-C may come as two signals
    };
    EXPECT_EXIT(twice(0), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(twice(700'000), testing::ExitedWithCode(143), "a second signal does not wait");
}

TEST(SignalsDeathTest, ATerminalThatWentEndsLongWorkTooButNotUnderNohup) {
    const auto hung_up = [](bool nohup) {
        if (nohup) std::signal(SIGHUP, SIG_IGN);
        catch_signals();
        std::raise(SIGHUP);
        try {
            throw_if_interrupted("the run file is whole up to here");
        } catch (const Interrupted& error) {
            fprintf(stderr, "%s\n", error.what());
            _exit(error.exit_code());
        }
        _exit(0);
    };
    EXPECT_EXIT(hung_up(false), testing::ExitedWithCode(129),
                "terminated; the run file is whole up to here");
    EXPECT_EXIT(hung_up(true), testing::ExitedWithCode(0), "");
}

TEST(SignalsTest, WithoutASignalNothingIsThrown) {
    EXPECT_NO_THROW(throw_if_interrupted());
}

}  // namespace
}  // namespace mobi::test
