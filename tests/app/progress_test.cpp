// SPDX-License-Identifier: Apache-2.0
#include "app/progress.hpp"

#include <cstdio>
#include <regex>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/contains.hpp"

namespace mobi::test {
namespace {

constexpr const char* kClear = "\r\x1b[K";

/// Standard error is a terminal as long as it lives.
class Terminal {
  public:
    Terminal() : saved_(dup(STDERR_FILENO)), master_(posix_openpt(O_RDWR | O_NOCTTY)) {
        if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
        const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
        if (slave < 0) return;
        std::fflush(stderr);
        dup2(slave, STDERR_FILENO);
        close(slave);
        works_ = true;
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() {
        std::fflush(stderr);
        dup2(saved_, STDERR_FILENO);
        close(saved_);
        if (master_ >= 0) close(master_);
    }

    bool works() const { return works_; }

    /// What has been written since the last call.
    std::string shown() const {
        std::fflush(stderr);
        std::string text;
        char bytes[512];
        pollfd state{master_, POLLIN, 0};
        while (poll(&state, 1, 50) > 0 && (state.revents & POLLIN) != 0) {
            const ssize_t count = read(master_, bytes, sizeof bytes);
            if (count <= 0) break;
            text.append(bytes, static_cast<std::size_t>(count));
        }
        return text;
    }

  private:
    int saved_;
    int master_;
    bool works_ = false;
};

ServerProgress at(std::int64_t updates, std::int64_t planned, double virtual_s) {
    ServerProgress progress;
    progress.updates = updates;
    progress.updates_planned = planned;
    progress.now = VirtualClock::time_point(
        std::chrono::nanoseconds(static_cast<std::int64_t>(virtual_s * 1e9)));
    return progress;
}

/// Longer than a terminal's line stands still.
void wait_a_moment() {
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
}

class ProgressTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!terminal.works()) GTEST_SKIP() << "no pseudo-terminal";
    }

    /// The line of a run at a point; empty: none.
    std::string line(const ServerProgress& server, std::int64_t done, std::int64_t planned) {
        Progress progress;
        wait_a_moment();
        progress.show(server, done, planned);
        return terminal.shown();
    }

    Terminal terminal;
};

TEST_F(ProgressTest, ALineIsRewrittenInPlaceAndWipedAtTheEnd) {
    const WallClock::time_point start = WallClock::now();
    Progress progress;
    progress.finish();
    progress.show(at(1, 10, 1), 0, 100);
    if (WallClock::now() - start < WallClock::duration(0.5)) {  // on a machine that kept up
        EXPECT_EQ(terminal.shown(), "") << "not at once, and there is nothing to wipe";
    }
    wait_a_moment();
    terminal.shown();
    const WallClock::time_point shown = WallClock::now();
    progress.show(at(3, 10, 1.5), 0, 100);
    progress.show(at(4, 10, 2), 0, 100);
    if (WallClock::now() - shown < WallClock::duration(0.5)) {
        EXPECT_EQ(terminal.shown(),
                  std::string(kClear) + "  0 %  samples 0/100 (0/s)  updates 3/10  virtual 1.5 s")
            << "twice a second at most";
    }
    terminal.shown();
    progress.finish();
    EXPECT_EQ(terminal.shown(), kClear);
    progress.finish();
    EXPECT_EQ(terminal.shown(), "") << "it is wiped already";
}

TEST_F(ProgressTest, ASilentRankStandsInPlaceOfTheTimeLeft) {
    std::string silence = "waiting for rank 2 on node3, silent for 41 s";
    Progress progress([&] { return silence; });
    wait_a_moment();
    progress.show(at(5, 10, 1), 100, 100);
    std::string text = terminal.shown();
    EXPECT_TRUE(contains(text, "virtual 1 s  waiting for rank 2 on node3, silent for 41 s"))
        << text;
    EXPECT_EQ(text.find("left"), std::string::npos) << text;
    silence.clear();
    wait_a_moment();
    progress.show(at(6, 10, 1), 100, 100);
    text = terminal.shown();
    EXPECT_EQ(text.find("waiting"), std::string::npos) << text;
    EXPECT_TRUE(contains(text, " left"));
}

TEST_F(ProgressTest, ALineThatStandsStillSaysForHowLong) {
    Progress progress;
    progress.show(at(5, 10, 1), 100, 100);
    std::string text;
    const WallClock::time_point start = WallClock::now();
    while (WallClock::now() - start < WallClock::duration(10.5)) {
        wait_a_moment();
        progress.show(at(5, 10, 1), 100, 100);
        text = terminal.shown();
    }
    EXPECT_TRUE(std::regex_search(text, std::regex("virtual 1 s  no progress for 1[0-9] s$")))
        << text;
    wait_a_moment();
    progress.show(at(6, 10, 1), 100, 100);
    EXPECT_TRUE(contains(terminal.shown(), " left")) << "it goes on";
}

TEST_F(ProgressTest, ForwardPassesAreTheWorkUntilTheyAreDone) {
    const std::regex pattern(
        R"(\r\x1b\[K( 25) %  samples 50/200 \((\d+)/s\)  updates 90/100  virtual 2 min 05 s  )"
        R"(([\d.]+) s left)");
    const std::string text = line(at(90, 100, 125), 50, 200);
    std::smatch match;
    ASSERT_TRUE(std::regex_match(text, match, pattern)) << text;
    // 50 samples in t seconds leave 150, which take 3 t
    const double rate = std::stod(match[2]);
    const double left = std::stod(match[3]);
    EXPECT_NEAR(rate * left, 150, 0.1 * 150);
}

TEST_F(ProgressTest, ThenUpdatesAre) {
    const std::regex pattern(
        R"(\r\x1b\[K 40 %  samples 200/200 \(\d+/s\)  updates 4/10  virtual 0 ms  [\d.]+ \w+ left)");
    const std::string text = line(at(4, 10, 0), 200, 200);
    EXPECT_TRUE(std::regex_match(text, pattern)) << text;
}

TEST_F(ProgressTest, WithoutForwardPassesUpdatesAloneCount) {
    const std::regex pattern(
        R"(\r\x1b\[K 75 %  samples 0/0 \(0/s\)  updates 3/4  virtual 1 h 00 min  [\d.]+ \w+ left)");
    const std::string text = line(at(3, 4, 3600), 0, 0);
    EXPECT_TRUE(std::regex_match(text, pattern)) << text;
}

TEST_F(ProgressTest, ARunOfNothingIsDone) {
    const std::string text = line(at(0, 0, 0), 0, 0);
    EXPECT_EQ(text, std::string(kClear) +
                        "100 %  samples 0/0 (0/s)  updates 0/0  virtual 0 ms  0 ms left");
}

TEST_F(ProgressTest, NoTimeIsForeseenFromNextToNothing) {
    const std::string text = line(at(0, 10, 0), 1, 100);
    EXPECT_EQ(text.find("left"), std::string::npos) << text;
    EXPECT_EQ(text.rfind("  1 %"), std::string(kClear).size());
}

TEST(PlainProgressTest, AShortRunSaysNothingElsewhere) {
    ::testing::internal::CaptureStderr();
    Progress progress;
    wait_a_moment();
    progress.show(at(3, 10, 1.5), 10, 100);
    progress.finish();
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace mobi::test
