// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/archive.hpp"
#include "method/evaluation_data.hpp"
#include "method/learner.hpp"

namespace mobi {

/// Asks the learner for a task's brief; the answer comes from the thread that trains.
using AskBrief = std::function<void(const DeviceTask&, std::function<void(Brief)>)>;

/// Where payloads come from: the emulated fleet, or the log of an earlier run.
class PacketSource {
  public:
    virtual ~PacketSource() = default;

    /// The payload of delivery `index`.  Waits for it.  Each is taken once, in increasing order.
    virtual Payload take(std::int64_t index) = 0;

    /// Training has begun, or with empty functions ended.  For sources whose tasks need a brief;
    /// not called where nothing trains. \param check  throws what the learner has thrown; to be
    /// called while waiting for an answer.
    virtual void set_briefs(AskBrief ask, std::function<void()> check);

    /// Delivery `index` was taken before the run was resumed: nobody takes it now.  In order,
    /// before any take().
    virtual void skip(std::int64_t index);

    /// What is not a function of plan and deliveries.  Waits for what would else be lost.
    virtual void archive(Archive& archive);

    /// The run has caught up with its checkpoint: from here on things are computed.  Not called
    /// where a run begins.
    virtual void go_on();

    /// The test set as the backbones see it.  Waits for it; null when there is no test set.
    virtual std::shared_ptr<const EvaluationData> evaluation() = 0;
};

}  // namespace mobi
