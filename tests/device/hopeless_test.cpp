// SPDX-License-Identifier: Apache-2.0
#include "device/hopeless.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// On for 10 s and for 30 s of every 100.
AvailabilityProfile spans() {
    AvailabilityProfile profile;
    profile.name = "spans";
    profile.kind = AvailabilityKind::Trace;
    profile.trace = std::make_shared<const AvailabilityTrace>(
        parse_availability_trace("0,0,10\n0,50,80\n", "t", 100));
    return profile;
}

CutOffWork work(VirtualClock::duration need, bool same_every_time, int attempts) {
    return {{"an upload over link.", "lte"}, need, same_every_time, attempts};
}

std::string refusal(const AvailabilityProfile& profile, const CutOffWork& cut) {
    const Presence presence(profile, 1, 0);
    try {
        refuse_hopeless(presence, cut);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

TEST(RefuseHopelessTest, WorkThatFitsTheLongestSpanMayGoOn) {
    const AvailabilityProfile profile = spans();
    EXPECT_EQ(refusal(profile, work(seconds(30), true, 1)), "");
    EXPECT_EQ(refusal(profile, work(seconds(20), true, kMostAttempts - 1)), "");
    EXPECT_NE(refusal(profile, work(seconds(30) + milliseconds(1), true, 1)), "");
}

TEST(RefuseHopelessTest, WorkWhoseTimeVariesIsRefusedByCountAlone) {
    const AvailabilityProfile profile = spans();
    EXPECT_EQ(refusal(profile, work(seconds(3000), false, kMostAttempts - 1)), "");
    EXPECT_TRUE(contains(refusal(profile, work(seconds(3000), false, kMostAttempts)),
                         "was cut off 10000 times in a row"));
}

TEST(RefuseHopelessTest, WhereTimesAreDrawnNoSpanIsTheLongest) {
    AvailabilityProfile markov;
    markov.name = "m";
    markov.kind = AvailabilityKind::Markov;
    EXPECT_EQ(refusal(markov, work(std::chrono::hours(10'000), true, 1)), "");
    EXPECT_NE(refusal(markov, work(seconds(1), true, kMostAttempts)), "");
}

TEST(RefuseHopelessTest, TheWordsNameTheWorkTheTimesAndThePattern) {
    const std::string words = refusal(spans(), work(seconds(45), true, 1));
    EXPECT_TRUE(contains(words, "an upload over link.lte: takes 45"));
    EXPECT_TRUE(contains(words, "availability.spans"));
    EXPECT_TRUE(contains(words, "accepted: "));
}

TEST(RefuseEndlessLossesTest, TwoMillionAndTwentyForEachTransferAreAccepted) {
    EXPECT_NO_THROW(refuse_endless_losses(0, 0));
    EXPECT_NO_THROW(refuse_endless_losses(2'000'000, 0));
    EXPECT_THROW(refuse_endless_losses(2'000'001, 0), ConfigError);
    EXPECT_NO_THROW(refuse_endless_losses(2'002'000, 100));
    try {
        refuse_endless_losses(2'002'001, 100);
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_TRUE(contains(error.what(), "fleet.availability"));
        EXPECT_TRUE(contains(error.what(), "2002001 times, for 100 packets"));
    }
}

}  // namespace
}  // namespace mobi::test
