// SPDX-License-Identifier: Apache-2.0
#include "device/network.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "device/hopeless.hpp"

namespace mobi {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

bool shares_cell(const LinkDirection& direction) {
    return direction.link->cell_devices > 0 && !std::isnan(direction.cell_bytes_per_s);
}

}  // namespace

bool Network::add(TransferQueue& queue) {
    transfers_ += queue.transfers.size();
    if (!shares_cell(queue.direction) && !server_is_shared()) {
        transfer_alone(queue, lost_);
        refuse_endless_losses(lost_.size(), transfers_);
        return true;
    }
    Cell& cell = cell_of(queue.direction);
    Group& group = groups_[cell.group];
    group.queues.push_back(std::move(queue));
    group.cells.push_back(cell.number);
    ++cell.devices;
    return false;
}

void Network::carry(Group& group) {
    transfer_together(group.queues, group.cells, group.capacity,
                      server_is_shared() ? network_.server_bytes_per_s : kUnbounded, lost_);
    refuse_endless_losses(lost_.size(), transfers_);
}

/// The cell that the next device of this link goes to.
Network::Cell& Network::cell_of(const LinkDirection& direction) {
    const int size = direction.link->cell_devices;
    Cell& cell = open_[direction.link->name];
    const bool full = size > 0 && cell.devices == size;
    if (cell.group >= 0 && !full) return cell;
    const std::int64_t number = server_is_shared() ? 0 : next_group_++;
    Group& group = groups_[number];
    cell = {number, static_cast<std::int32_t>(group.capacity.size()), 0};
    group.capacity.push_back(shares_cell(direction) ? direction.cell_bytes_per_s : kUnbounded);
    return cell;
}

}  // namespace mobi
