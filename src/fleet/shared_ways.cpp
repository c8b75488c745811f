// SPDX-License-Identifier: Apache-2.0
#include "fleet/shared_ways.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string_view>

namespace mobi {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

}  // namespace

SharedWays::SharedWays(std::span<const FleetDevice> devices, Way way, double server_bytes_per_s) {
    const std::vector<Cell> cells = fill_cells(devices, way);
    if (server_bytes_per_s > 0)
        share_server(devices.size(), cells, server_bytes_per_s);
    else if (!cells.empty())
        share_cells(devices.size(), cells);
}

std::vector<SharedWays::Cell> SharedWays::fill_cells(std::span<const FleetDevice> devices,
                                                     Way way) {
    std::vector<Cell> cells;
    std::map<std::string_view, std::size_t> open;  // by link
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const LinkProfile& link = *devices[i].link;
        const double capacity =
            way == Way::Up ? link.cell_uplink_bytes_per_s : link.cell_downlink_bytes_per_s;
        if (link.cell_devices <= 0 || std::isnan(capacity)) continue;
        const auto found = open.find(link.name);
        const auto size = static_cast<std::size_t>(link.cell_devices);
        if (found == open.end() || cells[found->second].devices.size() == size) {
            open[link.name] = cells.size();
            cells.push_back({capacity, {}});
        }
        cells[open[link.name]].devices.push_back(static_cast<std::int32_t>(i));
    }
    return cells;
}

void SharedWays::share_server(std::size_t devices,
                              const std::vector<Cell>& cells,
                              double bytes_per_s) {
    std::vector<double> capacities{kUnbounded};  // of those without a cell
    std::vector<std::int32_t> cell_of(devices, 0);
    for (const Cell& cell : cells) {
        for (const std::int32_t device : cell.devices)
            cell_of[static_cast<std::size_t>(device)] =
                static_cast<std::int32_t>(capacities.size());
        capacities.push_back(cell.bytes_per_s);
    }
    links_.push_back(make_server_link(bytes_per_s, std::move(cell_of), capacities));
    members_.emplace_back(devices);
    std::iota(members_.back().begin(), members_.back().end(), 0);
    for (std::size_t i = 0; i < devices; ++i) places_.push_back({0, static_cast<std::int32_t>(i)});
}

void SharedWays::share_cells(std::size_t devices, const std::vector<Cell>& cells) {
    places_.resize(devices);
    for (const Cell& cell : cells) {
        for (std::size_t member = 0; member < cell.devices.size(); ++member)
            places_[static_cast<std::size_t>(cell.devices[member])] = {
                links(), static_cast<std::int32_t>(member)};
        links_.push_back(
            make_shared_link(cell.bytes_per_s, static_cast<std::int32_t>(cell.devices.size())));
        members_.push_back(cell.devices);
    }
}

}  // namespace mobi
