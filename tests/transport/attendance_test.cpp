// SPDX-License-Identifier: Apache-2.0
#include "transport/attendance.hpp"

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

using Seconds = WallClock::duration;

/// Rank 0 of four, with a clock that the test moves.
class AttendanceTest : public ::testing::Test {
  protected:
    AttendanceTest() {
        attendance.set_patience(Seconds(60));
        attendance.look(now);
    }

    /// Looks every second; these ranks are heard of each time.
    void pass(int seconds, const std::vector<int>& heard) {
        for (int i = 0; i < seconds; ++i) {
            now += Seconds(1);
            attendance.look(now);
            for (const int rank : heard) attendance.heard(rank);
        }
    }

    Attendance attendance{{1, 2, 3}};
    WallClock::time_point now{Seconds(1e6)};
};

TEST_F(AttendanceTest, ARankIsSilentFromWhenItWasHeardLast) {
    pass(100, {1, 2, 3});
    EXPECT_EQ(attendance.too_long(), std::nullopt);
    pass(60, {1, 3});
    ASSERT_TRUE(attendance.longest());
    EXPECT_EQ(attendance.longest()->rank, 2);
    EXPECT_DOUBLE_EQ(attendance.longest()->lasted.count(), 60);
    EXPECT_FALSE(attendance.too_long()) << "for as long as the patience, and no longer";
    pass(1, {1, 3});
    ASSERT_TRUE(attendance.too_long());
    EXPECT_EQ(attendance.too_long()->rank, 2);
    EXPECT_EQ(attendance.too_long()->others, 0);
}

TEST_F(AttendanceTest, ARankThatSpeaksBeforeTheEndIsForgiven) {
    pass(59, {1, 3});
    pass(1, {2});
    pass(59, {1, 3});
    EXPECT_FALSE(attendance.too_long());
}

TEST_F(AttendanceTest, OneThatWasNeverHeardOfIsSilentFromTheFirstLook) {
    pass(61, {1, 2});
    ASSERT_TRUE(attendance.too_long());
    EXPECT_EQ(attendance.too_long()->rank, 3);
}

TEST_F(AttendanceTest, OthersThatAreSilentTooAreCounted) {
    pass(10, {1, 2, 3});
    pass(3, {2, 3});
    pass(60, {2});
    ASSERT_TRUE(attendance.too_long());
    EXPECT_EQ(attendance.too_long()->rank, 1);
    EXPECT_EQ(attendance.too_long()->others, 1) << "rank 3, by now";
}

TEST_F(AttendanceTest, AListenerThatWasStoppedItselfAccusesNobody) {
    pass(10, {1, 2, 3});
    now += Seconds(7200);  // the whole job was suspended
    attendance.look(now);
    EXPECT_FALSE(attendance.too_long());
    EXPECT_LE(attendance.longest()->lasted, 2 * attendance.interval());
    pass(57, {1, 2});
    EXPECT_FALSE(attendance.too_long()) << "the others have their time after it";
    pass(3, {1, 2});
    EXPECT_TRUE(attendance.too_long());
}

TEST_F(AttendanceTest, WhoHasSaidThatItEndsMayBeSilent) {
    attendance.excuse(2);
    pass(100, {1, 3});
    EXPECT_FALSE(attendance.too_long());
    attendance.excuse(1);
    EXPECT_FALSE(attendance.all_excused());
    attendance.excuse(3);
    EXPECT_TRUE(attendance.all_excused());
    pass(100, {2});
    EXPECT_FALSE(attendance.longest());
}

TEST_F(AttendanceTest, WithoutPatienceNobodyIsSilentForTooLong) {
    attendance.set_patience({});
    pass(100'000, {});
    EXPECT_FALSE(attendance.too_long());
    EXPECT_DOUBLE_EQ(attendance.longest()->lasted.count(), 100'000) << "but it is told";
}

TEST(AttendanceIntervalTest, ThereAreSeveralLooksInThePatience) {
    Attendance attendance({1});
    EXPECT_DOUBLE_EQ(attendance.interval().count(), 1);
    for (const double patience_s : {1.0, 4.0, 60.0, 3600.0}) {
        attendance.set_patience(Seconds(patience_s));
        EXPECT_LE(attendance.interval().count(), 1);
        EXPECT_LE(4 * attendance.interval().count(), patience_s);
    }
}

}  // namespace
}  // namespace mobi::test
