// SPDX-License-Identifier: Apache-2.0
#include "sharing/shared_link.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "sharing/large_shared_link.hpp"
#include "sharing/small_shared_link.hpp"
#include "sharing/water_filling.hpp"

namespace mobi::test {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

/// The rule as it is stated, for a server's link with cells: every call looks at everything.
class PlainLink final : public SharedLink {
  public:
    PlainLink(double server, std::vector<std::int32_t> cell_of, std::vector<double> cells)
        : server_(server), cell_of_(std::move(cell_of)), cells_(std::move(cells)) {}

    void start(std::int32_t member, double own, std::int64_t bytes, Instant now) override {
        advance(now);
        flows_[member] = {own, static_cast<Instant>(bytes)};
    }
    void set_own_rate(std::int32_t member, double own, Instant now) override {
        advance(now);
        flows_.at(member).own = own;
    }
    Instant stop(std::int32_t member, Instant now) override {
        advance(now);
        const Instant left = flows_.at(member).left;
        flows_.erase(member);
        return left;
    }
    End next_end() override {
        End next;
        for (const auto& [member, rate] : rates()) {
            const Instant left = flows_.at(member).left;
            const Instant at = left <= 0 ? now_ : rate > 0 ? now_ + left / (rate * 1e-9L) : kNever;
            if (at < next.at) next = {at, member};
        }
        return next;
    }

  private:
    struct Flow {
        double own = 0;
        Instant left = 0;
    };

    std::map<std::int32_t, Instant> rates() const {
        std::map<std::int32_t, Instant> rates;
        std::vector<double> asked;
        for (std::size_t c = 0; c < cells_.size(); ++c) {
            std::vector<double> demands;
            for (const auto& [member, flow] : flows_)
                if (cell_of_[static_cast<std::size_t>(member)] == static_cast<int>(c))
                    demands.push_back(flow.own);
            const double level = fair_level(demands, cells_[c]);
            for (const auto& [member, flow] : flows_)
                if (cell_of_[static_cast<std::size_t>(member)] == static_cast<int>(c)) {
                    rates[member] = std::min(flow.own, level);
                    asked.push_back(std::min(flow.own, level));
                }
        }
        const double level = fair_level(asked, server_);
        for (auto& [member, rate] : rates) rate = std::min<Instant>(rate, level);
        return rates;
    }
    void advance(Instant to) {
        const End next = next_end();
        for (const auto& [member, rate] : rates()) {
            Flow& flow = flows_.at(member);
            flow.left -= rate * 1e-9L * (to - now_);
            if (next.at <= to && member == next.member) flow.left = 0;
        }
        now_ = to;
    }

    double server_;
    std::vector<std::int32_t> cell_of_;
    std::vector<double> cells_;
    std::map<std::int32_t, Flow> flows_;
    Instant now_ = 0;
};

/// Transfers come, change their own rate, are stopped and end; both links say the same all along.
void compare(SharedLink& link, SharedLink& plain, std::int32_t members, std::uint64_t seed) {
    RandomStream random(seed, Purpose::Test);
    const auto rate = [&] {
        return random.uniform() < 0.1 ? 0 : 1e4 * static_cast<double>(1 + random.below(400));
    };
    std::vector<bool> busy(static_cast<std::size_t>(members), false);
    Instant now = 0;
    for (int event = 0; event < 400; ++event) {
        const SharedLink::End end = link.next_end(), expected = plain.next_end();
        ASSERT_EQ(end.at == kNever, expected.at == kNever) << seed << ", event " << event;
        if (end.at != kNever) {
            ASSERT_NEAR(static_cast<double>(end.at - expected.at), 0, 1e-6)
                << seed << ", event " << event;
        }
        const Instant change = now + static_cast<Instant>(random.below(3'000'000));
        if (end.at <= change) {  // the same one ends in both; of two at one time either
            now = std::max(end.at, expected.at);
            EXPECT_NEAR(static_cast<double>(link.stop(end.member, now)), 0, 1e-6);
            EXPECT_NEAR(static_cast<double>(plain.stop(end.member, now)), 0, 1e-6);
            busy[static_cast<std::size_t>(end.member)] = false;
            continue;
        }
        now = change;
        const auto member =
            static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(members)));
        if (!busy[static_cast<std::size_t>(member)]) {
            const double own = rate();
            const auto bytes = static_cast<std::int64_t>(random.below(20'000));
            link.start(member, own, bytes, now);
            plain.start(member, own, bytes, now);
            busy[static_cast<std::size_t>(member)] = true;
        } else if (random.uniform() < 0.3) {
            ASSERT_NEAR(static_cast<double>(link.stop(member, now) - plain.stop(member, now)), 0,
                        1e-6);
            busy[static_cast<std::size_t>(member)] = false;
        } else {
            const double own = rate();
            link.set_own_rate(member, own, now);
            plain.set_own_rate(member, own, now);
        }
    }
}

TEST(SharedLinkTest, FewAndManyMembersShareByTheSameRule) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const std::vector<std::int32_t> one_cell(12, 0);
        SmallSharedLink small(2e6);
        PlainLink plain(kUnbounded, one_cell, {2e6});
        compare(small, plain, 12, seed);
        LargeSharedLink large(2e6, 12);
        PlainLink again(kUnbounded, one_cell, {2e6});
        compare(large, again, 12, seed);
        if (HasFailure()) return;
    }
}

TEST(SharedLinkTest, CellsBoundWhatTheirTransfersAskOfTheServer) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        std::vector<std::int32_t> cell_of;
        for (std::int32_t member = 0; member < 15; ++member) cell_of.push_back(member % 4);
        const std::vector<double> cells{kUnbounded, 5e5, 2e6, 4e6};
        const auto link = make_server_link(3e6, cell_of, cells);
        PlainLink plain(3e6, cell_of, cells);
        compare(*link, plain, 15, seed);
        if (HasFailure()) return;
    }
}

TEST(SharedLinkTest, HandDerivedFractions) {
    LargeSharedLink link(3, 3);  // bytes/s
    link.start(0, 1, 10, 0);     // bound: 1 byte/s
    link.start(1, 5, 10, 0);     // shares what is left: 2
    EXPECT_NEAR(static_cast<double>(link.next_end().at), 5e9, 1e-3);
    EXPECT_EQ(link.next_end().member, 1);
    link.start(2, 5, 10, 2e9L);  // 1 gets 1 from here on, as 2 does: 6 bytes left
    EXPECT_NEAR(static_cast<double>(link.next_end().at), 8e9, 1e-3);
    EXPECT_NEAR(static_cast<double>(link.stop(1, 8e9L)), 0, 1e-9);
    EXPECT_NEAR(static_cast<double>(link.next_end().at), 10e9, 1e-3);  // 0: all its 10 bytes
}

}  // namespace
}  // namespace mobi::test
