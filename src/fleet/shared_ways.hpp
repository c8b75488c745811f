// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fleet/fleet_device.hpp"
#include "fleet/link_way.hpp"
#include "sharing/shared_link.hpp"

namespace mobi {

/// What the devices of a fleet share in one direction: cells, filled in the order of the devices,
/// and the server's link.
class SharedWays {
  public:
    /// \param server_bytes_per_s  0: no bound.
    SharedWays(std::span<const FleetDevice> devices, Way way, double server_bytes_per_s);

    /// Where a device sends or receives.
    struct Place {
        std::int32_t link = -1;  ///< -1: over a link of its own
        std::int32_t member = 0;
    };
    /// \param device  its place among the devices.
    Place place_of(std::int32_t device) const {
        return places_.empty() ? Place{} : places_[static_cast<std::size_t>(device)];
    }

    std::int32_t links() const noexcept { return static_cast<std::int32_t>(links_.size()); }
    SharedLink& link(std::int32_t number) { return *links_[static_cast<std::size_t>(number)]; }
    /// The places of the devices that share it.
    const std::vector<std::int32_t>& members(std::int32_t number) const {
        return members_[static_cast<std::size_t>(number)];
    }
    /// The place among the devices of a member.
    std::int32_t device_of(std::int32_t link, std::int32_t member) const {
        return members_[static_cast<std::size_t>(link)][static_cast<std::size_t>(member)];
    }

  private:
    struct Cell {
        double bytes_per_s;
        std::vector<std::int32_t> devices;
    };

    static std::vector<Cell> fill_cells(std::span<const FleetDevice> devices, Way way);
    void share_server(std::size_t devices, const std::vector<Cell>& cells, double bytes_per_s);
    void share_cells(std::size_t devices, const std::vector<Cell>& cells);

    std::vector<Place> places_;  // empty: nothing is shared
    std::vector<std::unique_ptr<SharedLink>> links_;
    std::vector<std::vector<std::int32_t>> members_;  // devices of each link
};

}  // namespace mobi
