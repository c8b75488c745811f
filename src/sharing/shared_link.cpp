// SPDX-License-Identifier: Apache-2.0
#include "sharing/shared_link.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sharing/large_shared_link.hpp"
#include "sharing/small_shared_link.hpp"
#include "sharing/water_filling.hpp"

namespace mobi {
namespace {

// Measured: up to about so many transfers at a time a pass over all of them is faster than the
// sets.
constexpr std::int32_t kFewMembers = 48;

/// The server's link behind cells.  A cell bounds what its transfers ask of the server: the fair
/// level of the rates of their own links.  It changes when one of the cell's transfers does.
class ServerLink final : public SharedLink {
  public:
    ServerLink(double bytes_per_s, std::vector<std::int32_t> cell_of, std::span<const double> cells)
        : link_(bytes_per_s, static_cast<std::int32_t>(cell_of.size())),
          cell_of_(std::move(cell_of)),
          own_(cell_of_.size()) {
        for (const double capacity : cells) cells_.push_back({capacity, {}});
    }

    void start(std::int32_t member, double own, std::int64_t bytes, Instant now) override {
        own_[place(member)] = own;
        link_.start(member, own, bytes, now);
        Cell& cell = cell_of(member);
        if (std::isinf(cell.bytes_per_s)) return;
        cell.active.push_back(member);
        divide(cell, now);
    }

    void set_own_rate(std::int32_t member, double own, Instant now) override {
        own_[place(member)] = own;
        Cell& cell = cell_of(member);
        if (std::isinf(cell.bytes_per_s))
            link_.set_own_rate(member, own, now);
        else
            divide(cell, now);
    }

    Instant stop(std::int32_t member, Instant now) override {
        const Instant left = link_.stop(member, now);
        Cell& cell = cell_of(member);
        if (!std::isinf(cell.bytes_per_s)) {
            cell.active.erase(std::find(cell.active.begin(), cell.active.end(), member));
            divide(cell, now);
        }
        return left;
    }

    End next_end() override { return link_.next_end(); }

  private:
    struct Cell {
        double bytes_per_s;
        std::vector<std::int32_t> active;
    };

    static std::size_t place(std::int32_t number) { return static_cast<std::size_t>(number); }
    Cell& cell_of(std::int32_t member) { return cells_[place(cell_of_[place(member)])]; }

    void divide(const Cell& cell, Instant now) {
        demands_.clear();
        for (const std::int32_t member : cell.active)
            if (own_[place(member)] > 0) demands_.push_back(own_[place(member)]);
        const double level = fair_level(demands_, cell.bytes_per_s);
        for (const std::int32_t member : cell.active)
            link_.set_own_rate(member, std::min(own_[place(member)], level), now);
    }

    LargeSharedLink link_;
    std::vector<std::int32_t> cell_of_;
    std::vector<double> own_;  // of each member's own link, bytes/s
    std::vector<Cell> cells_;
    std::vector<double> demands_;
};

}  // namespace

std::unique_ptr<SharedLink> make_shared_link(double bytes_per_s, std::int32_t members) {
    if (members <= kFewMembers) return std::make_unique<SmallSharedLink>(bytes_per_s);
    return std::make_unique<LargeSharedLink>(bytes_per_s, members);
}

std::unique_ptr<SharedLink> make_server_link(double server_bytes_per_s,
                                             std::vector<std::int32_t> cell_of,
                                             std::span<const double> cells) {
    return std::make_unique<ServerLink>(server_bytes_per_s, std::move(cell_of), cells);
}

}  // namespace mobi
