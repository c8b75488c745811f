// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "method/evaluation_data.hpp"
#include "method/learner.hpp"
#include "method/run_fleet.hpp"
#include "record/writer.hpp"

namespace mobi {

/// Writes down what happens in a run: the only place that makes rows during it.
///
/// step_done(), evaluated() and tested() may be called by another thread than the others are.
class Journal {
  public:
    /// \param uploads      whether deliveries came over the devices' links.
    /// \param activations  whether the taps of packets are kept.
    Journal(record::Writer& writer, bool uploads, bool activations)
        : writer_(writer), uploads_(uploads), activations_(activations) {}

    void test_taps(const EvaluationData& data);
    void state(record::WeightState state, std::vector<NamedValues> values);

    /// \param payload  null: nothing was computed.
    void arrived(const Delivery& delivery, std::int64_t index, const Payload* payload);

    /// \param overrun   by how much the host was too slow.
    /// \param assigned  tasks up to now.
    void placed(const Step& step, VirtualClock::duration overrun, std::int64_t assigned);

    void step_done(const StepResult& result);
    void decided(const Verdict& verdict);
    void evaluated(const EvaluationResult& result);
    void tested(const TestResult& result);

    void lost(std::span<const LostWork> lost);
    void fetched(std::span<const Download> downloads);

    /// What has come of tasks since the last call.  \return  the downloads among it.
    std::span<const Download> tasks(const RunFleet& fleet);

  private:
    void activations(const Packet& packet, std::int64_t index);
    void confusion(const EvaluationResult& result);

    record::Writer& writer_;
    bool uploads_;
    bool activations_;
    std::int64_t update_samples_ = 0;
    // of the fleet's lists
    std::size_t lost_ = 0;
    std::size_t tasks_ = 0;
    std::size_t downloads_ = 0;
    std::int64_t assigned_ = 0;
};

}  // namespace mobi
