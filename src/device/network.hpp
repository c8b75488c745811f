// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "device/transfer.hpp"

namespace mobi {

/// What all devices share.
struct NetworkParameters {
    std::uint64_t seed = 1;
    double server_bytes_per_s = 0;  ///< the server's access link, each way; 0: no bound
};

/// Transfers of a fleet in one direction: of devices that are alone on their link, that share a
/// cell, or that share the server's link.
class Network {
  public:
    explicit Network(const NetworkParameters& network) : network_(network) {}

    /// The next device, in the order in which cells are filled.
    /// \return  true: it shares nothing and its transfers are done; false: they wait for run(), and
    ///          `queue` was moved from.
    bool add(TransferQueue& queue);

    /// Carries what shares something.  \param done  called with each of those queues.
    template <typename Done>
    void run(Done&& done) {
        for (auto& [number, group] : groups_) {
            carry(group);
            for (const TransferQueue& queue : group.queues) done(queue);
        }
        groups_.clear();
    }

    /// What was cut off, in no particular order.
    const std::vector<LostTransfer>& lost() const noexcept { return lost_; }

  private:
    /// Queues that share something, and what.  Groups are simulated apart: one for all where the
    /// server's link is shared, else one a cell.
    struct Group {
        std::vector<TransferQueue> queues;
        std::vector<std::int32_t> cells;
        std::vector<double> capacity;
    };
    struct Cell {
        std::int64_t group = -1;
        std::int32_t number = 0;  // in its group
        int devices = 0;
    };

    bool server_is_shared() const { return network_.server_bytes_per_s > 0; }
    void carry(Group& group);
    Cell& cell_of(const LinkDirection& direction);

    NetworkParameters network_;
    std::map<std::int64_t, Group> groups_;
    std::map<std::string, Cell> open_;  // by link
    std::int64_t next_group_ = 0;
    std::size_t transfers_ = 0;
    std::vector<LostTransfer> lost_;
};

}  // namespace mobi
