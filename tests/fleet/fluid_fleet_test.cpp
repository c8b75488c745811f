// SPDX-License-Identifier: Apache-2.0
// Transfers that share cells and the server's link, against a simulation that goes from change to
// change and finds every fair level by bisection.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "fleet/virtual_fleet.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

/// One transfer of one device, ready at some time; nothing else happens to it.
struct Order {
    std::int32_t device = 0;
    double ready_s = 0;
    std::int64_t bytes = 0;
};

struct Carried {
    double end_s = 0;
    int cut_offs = 0;
    double lost_bytes = 0;
};

struct FluidDevice {
    double own_bytes_per_s = 0;
    int cell = -1;
    std::vector<std::pair<double, double>> on;  // of a period; none: always
    double period_s = 0;

    bool is_on(double time) const {
        if (on.empty()) return true;
        const double place = std::fmod(time, period_s);
        return std::any_of(on.begin(), on.end(), [&](const auto& span) {
            return span.first <= place + 1e-7 && place + 1e-7 < span.second;
        });
    }
    /// The next time from `time` on at which it comes or goes.
    double next_change(double time) const {
        if (on.empty()) return HUGE_VAL;
        const double period = std::floor(time / period_s) * period_s;
        double next = HUGE_VAL;
        for (const double start : {period, period + period_s})
            for (const auto& span : on)
                for (const double change : {start + span.first, start + span.second})
                    if (change > time + 1e-7) next = std::min(next, change);
        return next;
    }
};

/// The level of which every demand gets its part and all together `capacity`, by bisection.
double level_of(const std::vector<double>& demands, double capacity) {
    double sum = 0, low = 0, high = 0;
    for (const double demand : demands) {
        sum += demand;
        high = std::max(high, demand);
    }
    if (sum <= capacity) return HUGE_VAL;
    for (int i = 0; i < 200; ++i) {
        const double middle = (low + high) / 2;
        double taken = 0;
        for (const double demand : demands) taken += std::min(demand, middle);
        (taken > capacity ? high : low) = middle;
    }
    return low;
}

class FluidSimulation {
  public:
    FluidSimulation(std::vector<FluidDevice> devices, std::vector<double> cells, double server)
        : devices_(std::move(devices)), cells_(std::move(cells)), server_(server) {}

    /// \param orders  of a device in the order in which they are ready.
    std::vector<Carried> run(const std::vector<Order>& orders) {
        std::vector<Carried> result(orders.size());
        std::vector<std::vector<std::size_t>> waiting(devices_.size());
        for (std::size_t i = orders.size(); i-- > 0;)
            waiting[static_cast<std::size_t>(orders[i].device)].push_back(i);
        std::vector<std::optional<double>> left(devices_.size());  // of a transfer under way
        double now = 0;
        while (true) {
            double next = HUGE_VAL;
            for (std::size_t d = 0; d < devices_.size(); ++d) {
                if (waiting[d].empty()) continue;
                const Order& order = orders[waiting[d].back()];
                const bool ready = order.ready_s <= now + 1e-12;
                if (!ready) next = std::min(next, order.ready_s);
                if (ready && !left[d] && devices_[d].is_on(now))
                    left[d] = static_cast<double>(order.bytes);
                if (ready) next = std::min(next, devices_[d].next_change(now));
            }
            const std::vector<double> rates = rates_of(left);
            std::size_t first = devices_.size();
            for (std::size_t d = 0; d < devices_.size(); ++d)
                if (left[d] && now + *left[d] / rates[d] < next) {
                    next = now + *left[d] / rates[d];
                    first = d;
                }
            if (next == HUGE_VAL) return result;
            for (std::size_t d = 0; d < devices_.size(); ++d)
                if (left[d]) *left[d] -= rates[d] * (next - now);
            now = next;
            if (first < devices_.size()) {
                result[waiting[first].back()].end_s = now;
                waiting[first].pop_back();
                left[first].reset();
            }
            for (std::size_t d = 0; d < devices_.size(); ++d)
                if (left[d] && !devices_[d].is_on(now)) {
                    const Order& order = orders[waiting[d].back()];
                    Carried& one = result[waiting[d].back()];
                    ++one.cut_offs;
                    one.lost_bytes += static_cast<double>(order.bytes) - *left[d];
                    left[d].reset();
                }
        }
    }

  private:
    std::vector<double> rates_of(const std::vector<std::optional<double>>& left) const {
        std::vector<double> rates(devices_.size(), 0);
        for (std::size_t d = 0; d < devices_.size(); ++d)
            if (left[d]) rates[d] = devices_[d].own_bytes_per_s;
        for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
            std::vector<double> demands;
            for (std::size_t d = 0; d < devices_.size(); ++d)
                if (devices_[d].cell == static_cast<int>(cell)) demands.push_back(rates[d]);
            const double level = level_of(demands, cells_[cell]);
            for (std::size_t d = 0; d < devices_.size(); ++d)
                if (devices_[d].cell == static_cast<int>(cell))
                    rates[d] = std::min(rates[d], level);
        }
        if (server_ > 0) {
            const double level = level_of(rates, server_);
            for (double& rate : rates) rate = std::min(rate, level);
        }
        return rates;
    }

    std::vector<FluidDevice> devices_;
    std::vector<double> cells_;
    double server_;
};

/// What a test lets happen.
struct Shape {
    bool up = true;
    int cell_devices = 0;
    double cell_bytes_per_s = kUnknown;
    double server_bytes_per_s = 0;
    bool absences = false;
    int devices = 9;
};

double seconds_of(Time time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// A random fleet in both forms, and what its transfers did.
class Fleet {
  public:
    Fleet(const Shape& shape, std::uint64_t seed) : shape_(shape), random_(seed, Purpose::Test) {
        const auto count = static_cast<std::size_t>(shape.devices);
        links_.resize(count);
        availabilities_.resize(count);
        for (std::size_t i = 0; i < count; ++i) add(i);
        for (double at = 0; orders_.size() < 3 * count;) {
            at = std::round((at + 0.02 * random_.uniform()) * 1e6) / 1e6;
            orders_.push_back({static_cast<std::int32_t>(random_.below(count)), at,
                               static_cast<std::int64_t>(1 + random_.below(40'000))});
        }
    }

    void compare() {
        std::vector<double> cells;
        if (shape_.cell_devices > 0)
            cells.resize(static_cast<std::size_t>((shape_.devices - 1) / shape_.cell_devices + 1),
                         shape_.cell_bytes_per_s);
        const std::vector<Carried> expected =
            FluidSimulation(fluid_, cells, shape_.server_bytes_per_s).run(orders_);
        const std::vector<Carried> told = run_clock();
        for (std::size_t i = 0; i < orders_.size(); ++i) {
            SCOPED_TRACE(fmt::format("transfer {} of device {}", i, orders_[i].device));
            // double seconds of the simulation: 1e-16 of some seconds, some hundred times
            EXPECT_NEAR(told[i].end_s, expected[i].end_s, 5e-9);
            EXPECT_EQ(told[i].cut_offs, expected[i].cut_offs);
            EXPECT_NEAR(told[i].lost_bytes, expected[i].lost_bytes, 1.001 * told[i].cut_offs);
        }
    }

    /// In no stretch of time do those whose transfers lie within it carry more than their link.
    void check_capacity() {
        for (const auto& [start, end] : spans_) {
            double all = 0;
            std::map<int, double> cells;
            for (const auto& [from, to, device, bytes] : transfers_)
                if (from >= start && to <= end) {
                    all += bytes;
                    cells[fluid_[static_cast<std::size_t>(device)].cell] += bytes;
                }
            const double length = end - start + 2e-9;
            const double server = shape_.server_bytes_per_s;
            EXPECT_LE(all, server > 0 ? server * length : HUGE_VAL);
            for (const auto& [cell, bytes] : cells)
                EXPECT_LE(bytes, cell >= 0 ? shape_.cell_bytes_per_s * length : HUGE_VAL);
        }
        for (const auto& [from, to, device, bytes] : transfers_)
            EXPECT_LE(bytes, fluid_[static_cast<std::size_t>(device)].own_bytes_per_s *
                                 (to - from + 2e-9));
    }

  private:
    struct Transfer {
        double from, to;
        std::int32_t device;
        double bytes;
    };

    void add(std::size_t i) {
        FluidDevice one;
        one.own_bytes_per_s = 1e4 * static_cast<double>(20 + random_.below(100));
        if (shape_.cell_devices > 0) one.cell = static_cast<int>(i) / shape_.cell_devices;
        LinkProfile& link = links_[i];
        link.name = "l";
        link.latency_s = 0;
        (shape_.up ? link.uplink_bytes_per_s : link.downlink_bytes_per_s) = one.own_bytes_per_s;
        link.cell_devices = shape_.cell_devices;
        (shape_.up ? link.cell_uplink_bytes_per_s : link.cell_downlink_bytes_per_s) =
            shape_.cell_bytes_per_s;
        AvailabilityProfile* availability = nullptr;
        if (shape_.absences && random_.below(3) > 0) {
            one.period_s = 2;
            const auto ms = [&](std::uint64_t bound) {
                return static_cast<double>(random_.below(bound)) / 1000;
            };
            const double off = 0.01 + ms(100), on = off + 0.01 + ms(200);
            one.on = {{0, off}, {on, 1.9}};
            availability = &availabilities_[i];
            availability->name = "a";
            availability->kind = AvailabilityKind::Trace;
            availability->trace =
                std::make_shared<const AvailabilityTrace>(parse_availability_trace(
                    fmt::format("0,0,{:.3f}\n0,{:.3f},1.9\n", off, on), "t", one.period_s));
        }
        fluid_.push_back(one);
        devices_.push_back(
            {DeviceId(static_cast<std::int32_t>(i)), &profile_, &link, availability});
    }

    std::vector<Carried> run_clock() {
        VirtualFleet clock(devices_, {1, shape_.server_bytes_per_s});
        for (std::size_t i = 0; i < orders_.size(); ++i) {
            DeviceTask task;
            task.id = TaskId(static_cast<std::int64_t>(i));
            task.device = DeviceId(orders_[i].device);
            task.ready = Time(VirtualClock::duration(std::llround(orders_[i].ready_s * 1e9)));
            Part part;
            (shape_.up ? part.up_bytes : part.down_bytes) = orders_[i].bytes;
            task.parts.push_back(part);
            clock.assign(std::move(task));
        }
        if (random_.below(2) == 0) clock.promise_quiet(Time::max());
        std::vector<Carried> result(orders_.size());
        while (const FleetEvent* const event = clock.next(Time::max())) {
            Carried& one = result[static_cast<std::size_t>(event->task.value())];
            const std::int64_t bytes =
                shape_.up ? event->charges.up_bytes : event->charges.down_bytes;
            if (event->outcome == Outcome::CutOff) {
                ++one.cut_offs;
                one.lost_bytes += static_cast<double>(bytes);
                transfers_.push_back({seconds_of(event->start), seconds_of(event->at),
                                      event->device.value(), static_cast<double>(bytes)});
                continue;
            }
            EXPECT_EQ(event->outcome, Outcome::Done);
            EXPECT_EQ(bytes, orders_[static_cast<std::size_t>(event->task.value())].bytes);
            const PartTimes& times = event->times;
            one.end_s = seconds_of(shape_.up ? times.send_end : times.receive_end);
            transfers_.push_back({seconds_of(shape_.up ? times.send_start : times.receive_start),
                                  one.end_s, event->device.value(), static_cast<double>(bytes)});
        }
        for (int i = 0; i < 50; ++i) {
            const double a = random_.uniform(), b = random_.uniform();
            spans_.emplace_back(std::min(a, b), std::max(a, b));
        }
        for (const Transfer& one : transfers_) spans_.emplace_back(one.from, one.to);
        return result;
    }

    Shape shape_;
    RandomStream random_;
    DeviceProfile profile_;
    std::vector<LinkProfile> links_;
    std::vector<AvailabilityProfile> availabilities_;
    std::vector<FluidDevice> fluid_;
    std::vector<FleetDevice> devices_;
    std::vector<Order> orders_;
    std::vector<Transfer> transfers_;
    std::vector<std::pair<double, double>> spans_;
};

void run_many(const Shape& shape, std::uint64_t count = 60) {
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        SCOPED_TRACE(seed);
        Fleet fleet(shape, seed);
        fleet.compare();
        fleet.check_capacity();
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(FluidFleetTest, DevicesOfACellShareIt) {
    run_many({.cell_devices = 3, .cell_bytes_per_s = 9e5});
}

TEST(FluidFleetTest, TheServersLinkIsSharedByAll) {
    run_many({.server_bytes_per_s = 2e6});
    run_many({.up = false, .server_bytes_per_s = 2e6});
}

TEST(FluidFleetTest, CellsAreInFrontOfTheServersLink) {
    run_many({.cell_devices = 3, .cell_bytes_per_s = 9e5, .server_bytes_per_s = 1.6e6});
    run_many(
        {.up = false, .cell_devices = 4, .cell_bytes_per_s = 9e5, .server_bytes_per_s = 1.6e6});
}

TEST(FluidFleetTest, ManyMembersShareAsFewDo) {
    run_many({.cell_devices = 60, .cell_bytes_per_s = 4e6, .devices = 60}, 8);
    run_many({.server_bytes_per_s = 4e6, .devices = 60}, 8);
}

TEST(FluidFleetTest, WhoGoesOffLeavesItsShareToTheOthers) {
    run_many({.cell_devices = 3, .cell_bytes_per_s = 9e5, .absences = true});
    run_many({.server_bytes_per_s = 2e6, .absences = true});
    run_many({.up = false,
              .cell_devices = 3,
              .cell_bytes_per_s = 9e5,
              .server_bytes_per_s = 1.6e6,
              .absences = true});
}

TEST(FluidFleetTest, WithRoomForAllItIsAsIfNothingWereShared) {
    run_many({.cell_devices = 3, .cell_bytes_per_s = 1e9, .server_bytes_per_s = 1e10}, 20);
}

}  // namespace
}  // namespace mobi::test
