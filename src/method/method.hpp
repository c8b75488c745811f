// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/precision.hpp"
#include "method/evaluation_data.hpp"
#include "method/fleet_plan.hpp"
#include "method/learner.hpp"
#include "method/protocol.hpp"
#include "method/task_fleet.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// One way of learning from a fleet.  Its Protocol says what travels, when and at what cost, its
/// Learner has the numbers; timeline, transport and record are the same for all.
///
/// A new method is one class in its family's module and one line in registry.cpp.
class Method {
  public:
    virtual ~Method() = default;

    /// Its `method.name`.
    virtual std::string_view name() const = 0;

    /// Whether what reaches the server is decided before the run; else the protocol assigns tasks
    /// during it.
    virtual bool settles() const { return false; }

    /// What reaches the server from the admitted devices, and when: a function of the plan alone.
    /// \throws Bug  when it does not settle.
    virtual Deliveries settle(const FleetPlan& plan) const;

    /// Whether deliveries are uploads over the devices' links, logged and charged as such.
    virtual bool uploads() const { return true; }

    /// What tasks that are assigned during the run carry.
    virtual TaskFleet::Contents contents() const { return {}; }

    /// Where it settles: bytes that each device of the plan fetches when training has ended; empty:
    /// none does.
    virtual std::vector<std::int64_t> download_bytes(const FleetPlan&) const { return {}; }

    /// Precision of the taps that reach the server, where any do.
    virtual Precision tap_precision(const PacketParameters& packet) const { return packet.dtype; }

    /// Names of the figures of StepResult::diagnostics, in its order.
    virtual std::vector<std::string> diagnostics() const { return {}; }

    /// \param plan  must outlive the protocol.
    virtual std::unique_ptr<Protocol> protocol(const FleetPlan& plan) const = 0;

    /// \param plan        must outlive the learner.
    /// \param evaluation  null: nothing is evaluated.
    virtual std::unique_ptr<Learner> learner(const FleetPlan& plan,
                                             std::shared_ptr<const EvaluationData> evaluation,
                                             LearnerSink sink) const = 0;

    /// The shapes of Learner::state(), which the log is laid out for before there is a learner.
    virtual std::map<std::string, std::vector<std::int64_t>> state_shapes(
        const FleetPlan& plan) const = 0;
};

}  // namespace mobi
