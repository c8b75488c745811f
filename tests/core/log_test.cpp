// SPDX-License-Identifier: Apache-2.0
#include "core/log.hpp"

#include <chrono>
#include <functional>
#include <regex>
#include <string>

#include <gtest/gtest.h>

#include "core/long_work.hpp"

namespace mobi::test {
namespace {

std::string said(const std::function<void()>& work) {
    ::testing::internal::CaptureStderr();
    work();
    return ::testing::internal::GetCapturedStderr();
}

std::string said_by(int rank, bool verbose) {
    log::open(rank, verbose);
    return said([] {
        log::debug("d");
        log::info("i");
        log::warning("w");
        log::error("e");
    });
}

/// The levels of the lines, in their order.
std::string levels(const std::string& text) {
    std::string found;
    const std::regex line("\\] ([a-z])[a-z]*: ");
    for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at)
        found += (*at)[1];
    return found;
}

TEST(LogTest, BelowWarningOnlyRank0Speaks) {
    EXPECT_EQ(levels(said_by(0, false)), "iwe");
    EXPECT_EQ(levels(said_by(0, true)), "diwe");
    EXPECT_EQ(levels(said_by(1, false)), "we");
    EXPECT_EQ(levels(said_by(3, true)), "we");
}

TEST(LogTest, ALineHasBothTimesTheRankAndTheLevel) {
    log::open(3, false);
    log::set_virtual_time(VirtualClock::time_point(std::chrono::milliseconds(12'340)));
    const std::string text = said([] { log::warning("a link is {} slow"); });
    EXPECT_TRUE(std::regex_match(
        text, std::regex("\\[[0-9]+\\.[0-9] s wall\\]\\[12\\.3 s virtual\\]\\[rank 3\\] "
                         "warning: a link is \\{\\} slow\n")))
        << text;
    log::set_virtual_time({});
    EXPECT_NE(said([] { log::error("x"); }).find("[0.0 s virtual]"), std::string::npos);
}

TEST(LongWorkTest, ShortWorkSaysNothing) {
    log::open(0, true);
    LongWork work("planning: devices");
    EXPECT_EQ(said([&] {
                  for (int i = 0; i < 1000; ++i) work.step(i, 1000);
              }),
              "");
}

}  // namespace
}  // namespace mobi::test
