// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "crew/packet_source.hpp"
#include "crew/worker_replies.hpp"
#include "model/parameters.hpp"

namespace mobi {

/// How rank 0 reaches the workers.
struct LiveSettings {
    /// Requests that a worker may have: of each thread one computed, one waiting.
    std::int32_t most_open_requests() const noexcept { return 2 * threads_per_worker; }

    ForwardParameters forward;
    std::int32_t threads_per_worker = 1;
    Truth truth;  ///< of the validation and the test set
    /// Called while waiting; may throw to give up.
    std::function<void()> on_wait;
    std::int64_t validation = 0;  ///< samples of `truth` that are for validation, the first
    bool paced = false;           ///< time passes while the server waits
    bool resumes = false;         ///< the run goes on from a checkpoint
    std::int64_t taken = 0;       ///< deliveries before it
    /// The test set, where the file of the run has it: nobody computes it then, and `truth` is
    /// empty.
    std::shared_ptr<const EvaluationData> evaluation{};
};

/// A packet source with workers behind it, which end when they are told.
class LiveSource : public PacketSource {
  public:
    /// Tells the workers to end and waits for their reports, by rank.
    virtual std::map<int, WorkerReport> stop() = 0;

    virtual const WorkerReplies& replies() const = 0;
    virtual std::int64_t samples_planned() const = 0;
};

}  // namespace mobi
