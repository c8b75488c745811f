// SPDX-License-Identifier: Apache-2.0
#include "app/output.hpp"

#include <csignal>
#include <cstdlib>

#include <unistd.h>

#include "app/captured.hpp"

namespace mobi::test {
namespace {

/// Ends this process as main() would: with the code and the line of what finish_output() throws.
[[noreturn]] void finish_and_exit() {
    try {
        finish_output();
    } catch (const OutputError& error) {
        fmt::print(stderr, "{}\n", error.what());
        std::_Exit(error.exit_code());
    }
    std::_Exit(0);
}

/// A disk that is full for the rest of this process.
void fill_disk() {
    if (std::freopen("/dev/full", "w", stdout) == nullptr) std::_Exit(99);
}

constexpr const char* kFull =
    "^standard output cannot be written: No space left on device; what was printed is lost\n$";

TEST(OutputTest, IsWhatWasPrintedInItsOrder) {
    EXPECT_EQ(printed_by([] {
                  write_output("a\n");
                  print_output("{} and {:>4}\n", 1, "x");
                  write_output("");
                  write_output(std::string_view("z\0z", 3));
                  finish_output();
              }),
              std::string("a\n1 and    x\nz\0z", 16));
}

TEST(OutputTest, TextIsNoFormat) {
    EXPECT_EQ(printed_by([] {
                  write_output("{} {0} %s\n");
                  print_output("{}\n", "{x} %d");
              }),
              "{} {0} %s\n{x} %d\n");
}

TEST(OutputTest, IsWholeHoweverLong) {
    const std::string line(100'000, 'x');
    std::string expected;
    for (int i = 0; i < 30; ++i) expected += line;
    EXPECT_EQ(printed_by([&] {
                  for (int i = 0; i < 30; ++i) write_output(line);
                  finish_output();
              }),
              expected);
}

TEST(OutputTest, FinishingTwiceOrAfterNothingIsNoError) {
    EXPECT_EQ(printed_by([] {
                  finish_output();
                  write_output("a");
                  finish_output();
                  finish_output();
              }),
              "a");
}

TEST(OutputDeathTest, AFullDiskIsNoticedWhenAllIsDone) {
    // in the buffer, and then written at once because it does not fit
    for (const std::size_t size : {std::size_t{10}, std::size_t{1} << 20})
        EXPECT_EXIT(
            {
                fill_disk();
                write_output(std::string(size, 'x'));
                finish_and_exit();
            },
            ::testing::ExitedWithCode(5), kFull);
}

TEST(OutputDeathTest, WhatFailedBeforeIsNotForgotten) {
    EXPECT_EXIT(
        {
            fill_disk();
            write_output(std::string(1 << 20, 'x'));
            if (std::freopen("/dev/null", "w", stdout) == nullptr) std::_Exit(99);
            std::fputc('x', stdout);
            fill_disk();
            write_output("y");
            finish_and_exit();
        },
        ::testing::ExitedWithCode(5), kFull);
}

TEST(OutputDeathTest, PrintingItselfNeverEndsARun) {
    EXPECT_EXIT(
        {
            fill_disk();
            for (int i = 0; i < 100; ++i) print_output("{}\n", std::string(100'000, 'x'));
            fmt::print(stderr, "went on\n");
            std::_Exit(0);
        },
        ::testing::ExitedWithCode(0), "^went on\n$");
}

TEST(OutputDeathTest, NobodyReads) {
    EXPECT_EXIT(
        {
            int ends[2];
            if (pipe(ends) != 0) std::_Exit(99);
            dup2(ends[1], STDOUT_FILENO);
            close(ends[0]);
            std::signal(SIGPIPE, SIG_IGN);
            write_output("x\n");
            finish_and_exit();
        },
        ::testing::ExitedWithCode(5), "cannot be written: Broken pipe");
}

TEST(OutputErrorTest, HasTheExitCodeOfWhatCannotBeWritten) {
    EXPECT_EQ(OutputError("x").exit_code(), RecordError("x").exit_code());
}

}  // namespace
}  // namespace mobi::test
