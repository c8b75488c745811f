// SPDX-License-Identifier: Apache-2.0
// A star of devices and a server in SimGrid (Casanova et al., https://simgrid.org) and in our
// scheduler, with the same computations, uploads and server's steps: do all uploads end at the same
// time, and how long did either take?
//
// usage: simgrid_star DEVICES PACKETS CELL    (CELL devices share an uplink; 0: private links)
//
// SimGrid's network model is CM02, without latency, since it counts a latency as a time in which
// the link cannot take the next message; ours is added after the last byte.  Rates are such that a
// packet takes whole nanoseconds, which our clock counts and SimGrid's does not.  SimGrid simulates
// one platform a process.  Exit code: 0 when every end agrees to 1e-9 or 2 ns (private links), 1 %
// (cells).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <simgrid/s4u.hpp>

#include "core/clock.hpp"
#include "core/rng.hpp"
#include "fleet/one_shot.hpp"

namespace sg4 = simgrid::s4u;

namespace {

struct Case {
    int devices = 0;
    int packets = 0;
    int cell = 0;
    double cell_bytes_per_s = 0;
    std::vector<double> flop_per_s, bytes_per_s;  // of each device
    double flop = 2e6;
    double bytes = 36864;
    double server_step_s = 1e-7;
};

/// The rate next to `rate` at which `amount` takes whole nanoseconds.
double whole_rate(double amount, double rate) {
    return amount / (std::round(amount / rate * 1e9) * 1e-9);
}

Case make_case(int devices, int packets, int cell) {
    Case star{devices, packets, cell, 0, {}, {}};
    star.cell_bytes_per_s = cell * 5e5;
    for (int i = 0; i < devices; ++i) {
        mobi::RandomStream draw(1, mobi::Purpose::Test, static_cast<std::uint64_t>(i));
        star.flop_per_s.push_back(whole_rate(star.flop, 1e8 * std::exp(draw.normal())));
        star.bytes_per_s.push_back(whole_rate(star.bytes, 1e6 * std::exp(0.5 * draw.normal())));
    }
    return star;
}

/// End of every upload in seconds, by device and packet.
using Ends = std::vector<double>;

Ends simulate_ours(const Case& star, double& wall_s) {
    const auto start = mobi::WallClock::now();
    std::vector<mobi::DeviceProfile> profiles(static_cast<std::size_t>(star.devices));
    std::vector<mobi::LinkProfile> links(static_cast<std::size_t>(star.devices));
    const std::vector<mobi::test::PacketWork> work(
        static_cast<std::size_t>(star.packets),
        {{star.flop, 0, 0, mobi::Precision::Fp32, 1}, static_cast<std::int64_t>(star.bytes)});
    std::vector<mobi::test::Sender> senders;
    for (std::size_t i = 0; i < profiles.size(); ++i) {
        profiles[i].rate_fp32_flop_per_s = star.flop_per_s[i];
        profiles[i].memory_bandwidth_bytes_per_s = 1e12;
        links[i].name = "l";
        links[i].uplink_bytes_per_s = star.bytes_per_s[i];
        links[i].latency_s = 0;
        links[i].cell_devices = star.cell;
        links[i].cell_uplink_bytes_per_s = star.cell_bytes_per_s;
        senders.push_back({static_cast<std::int32_t>(i), &profiles[i], &links[i], nullptr, work});
    }
    const mobi::test::FleetSchedule schedule = mobi::test::schedule_fleet(senders, {});
    // The server's steps, one after another in the order of arrival.
    std::vector<std::int64_t> arrivals;
    Ends ends;
    for (const mobi::test::PacketSchedule& packet : schedule.packets) {
        const std::int64_t end = packet.times.send_end.time_since_epoch().count();
        arrivals.push_back(end);
        ends.push_back(static_cast<double>(end) * 1e-9);
    }
    std::sort(arrivals.begin(), arrivals.end());
    std::int64_t free = 0;
    const auto step = static_cast<std::int64_t>(star.server_step_s * 1e9);
    for (const std::int64_t arrival : arrivals) free = std::max(free, arrival) + step;
    wall_s = (mobi::WallClock::now() - start).count();
    std::printf("ours:    server is done at %.6f s\n", static_cast<double>(free) * 1e-9);
    return ends;
}

Ends simulate_simgrid(const Case& star, double& wall_s) {
    int argc = 9;
    const char* words[] = {"simgrid_star",
                           "--cfg=network/model:CM02",
                           "--cfg=network/latency-factor:1",
                           "--cfg=network/bandwidth-factor:1",
                           "--cfg=network/weight-S:0",
                           "--cfg=network/crosstraffic:0",
                           "--cfg=surf/precision:1e-13",
                           "--cfg=maxmin/precision:1e-9",
                           "--log=root.thres:critical"};
    sg4::Engine engine(&argc, const_cast<char**>(words));
    const auto start = mobi::WallClock::now();
    sg4::NetZone* zone = sg4::create_full_zone("star");
    const double server_rate = 1e12;
    sg4::Host* server = zone->create_host("server", server_rate);
    Ends ends(static_cast<std::size_t>(star.devices * star.packets));
    std::vector<sg4::Host*> hosts;
    sg4::Link* cell = nullptr;
    for (int i = 0; i < star.devices; ++i) {
        const auto index = static_cast<std::size_t>(i);
        hosts.push_back(zone->create_host("d" + std::to_string(i), star.flop_per_s[index]));
        sg4::Link* link = zone->create_link("l" + std::to_string(i), star.bytes_per_s[index]);
        link->set_latency(0)->seal();
        std::vector<sg4::LinkInRoute> route{sg4::LinkInRoute(link)};
        if (star.cell > 0 && i % star.cell == 0) {
            cell = zone->create_link("c" + std::to_string(i), star.cell_bytes_per_s);
            cell->set_latency(0)->seal();
        }
        if (cell != nullptr) route.emplace_back(cell);
        zone->add_route(hosts.back()->get_netpoint(), server->get_netpoint(), nullptr, nullptr,
                        route, false);
    }
    zone->seal();
    sg4::Mailbox* inbox = sg4::Mailbox::by_name("inbox");
    sg4::ActorPtr receiver = sg4::Actor::create("server", server, [&] {
        for (int k = 0; k < star.devices * star.packets; ++k) {
            inbox->get<int>();
            sg4::this_actor::execute(star.server_step_s * server_rate);
        }
        std::printf("SimGrid: server is done at %.6f s\n", sg4::Engine::get_clock());
    });
    inbox->set_receiver(receiver);  // uploads begin at once, whatever the server does
    static int payload = 0;
    for (int i = 0; i < star.devices; ++i) {
        // one actor computes, one sends: they overlap
        sg4::SemaphorePtr ready = sg4::Semaphore::create(0);
        sg4::Actor::create("c", hosts[static_cast<std::size_t>(i)], [&star, ready] {
            for (int j = 0; j < star.packets; ++j) {
                sg4::this_actor::execute(star.flop);
                ready->release();
            }
        });
        sg4::Actor::create(
            "s", hosts[static_cast<std::size_t>(i)], [&star, &ends, ready, inbox, i] {
                for (int j = 0; j < star.packets; ++j) {
                    ready->acquire();
                    inbox->put(&payload, static_cast<std::uint64_t>(star.bytes));
                    ends[static_cast<std::size_t>(i * star.packets + j)] = sg4::Engine::get_clock();
                }
            });
    }
    engine.run();
    wall_s = (mobi::WallClock::now() - start).count();
    return ends;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: simgrid_star DEVICES PACKETS CELL\n");
        return 2;
    }
    const Case star = make_case(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
    double ours_s = 0;
    double theirs_s = 0;
    const Ends ours = simulate_ours(star, ours_s);
    const Ends theirs = simulate_simgrid(star, theirs_s);
    double relative = 0;
    double absolute = 0;
    bool agree = true;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const double error = std::abs(ours[i] - theirs[i]);
        absolute = std::max(absolute, error);
        relative = std::max(relative, error / theirs[i]);
        agree = agree && (star.cell > 0 ? error <= 0.01 * theirs[i]
                                        : error <= std::max(2e-9, 1e-9 * theirs[i]));
    }
    const double events = 3.0 * star.devices * star.packets;
    std::printf(
        "%d devices, %d packets, cells of %d: largest difference %.3g s, relative %.3g: %s\n"
        "events/s: ours %.0f, SimGrid %.0f, ours is %.1f times that\n",
        star.devices, star.packets, star.cell, absolute, relative, agree ? "agree" : "DIFFER",
        events / ours_s, events / theirs_s, theirs_s / ours_s);
    std::fflush(stdout);
    std::_Exit(agree ? 0 : 1);  // SimGrid's own teardown of 10,000 actors takes longer than the run
}
