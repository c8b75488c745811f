// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "method/evaluation_data.hpp"
#include "wire/packet.hpp"

namespace mobi {

/// Where the server's packets come from: the emulated fleet, or the log of an earlier run.
class PacketSource {
  public:
    virtual ~PacketSource() = default;

    /// The packet of delivery `index`.  Waits for it.  Each is taken once, in increasing order.
    virtual Packet take(std::int64_t index) = 0;

    /// The test set as the backbones see it.  Waits for it; null when there is no test set.
    virtual std::shared_ptr<const EvaluationData> evaluation() = 0;
};

}  // namespace mobi
