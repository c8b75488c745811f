// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/precision.hpp"
#include "device/fleet.hpp"
#include "device/model_size.hpp"
#include "device/profile.hpp"
#include "fleet/fleet_device.hpp"
#include "wire/packet.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// One backbone type of a run, and what its packets look like.
struct BackbonePlan {
    std::string name;
    std::string family;
    ModelSize size;
    std::int32_t vocabulary = 0;
    Precision weight_dtype = Precision::Fp16;
    bool resident_embedding = true;
    Pivot pivot = Pivot::First;            ///< resolved, never Auto
    std::vector<std::int32_t> tap_layers;  ///< 0 = embedding
    PacketLayout layout;
    std::int32_t devices = 0;  ///< admitted devices that carry it
};

/// One emulated device: where it is in the fleet and what it has to do.
struct DevicePlan {
    std::int32_t id = 0;
    std::int32_t backbone = 0;  ///< index into FleetPlan::backbones
    DeviceProfile profile;
    LinkProfile link;
    std::shared_ptr<const AvailabilityProfile> availability;  ///< null: always on
    std::vector<std::int32_t> samples;                        ///< its shard, in order
    double memory_need_bytes = 0;
    bool admitted = false;  ///< the backbone fits its memory
};

/// What the fleet's clock knows of it.  \param device  must outlive the result.
FleetDevice fleet_device(const DevicePlan& device);

/// A training sample as the timeline knows it.
struct SamplePlan {
    std::int32_t device = -1;  ///< -1: on no device
    std::int32_t packet = -1;  ///< which of the device's packets carries it first
    std::int32_t tokens = 0;   ///< by its device's tokenizer, special tokens included
};

/// Who has which sample and which backbone: all that the timeline is a function of.
struct FleetPlan {
    std::vector<BackbonePlan> backbones;
    std::vector<DevicePlan> devices;  ///< index = id
    std::vector<SamplePlan> samples;  ///< index = sample id
    std::int32_t packet_samples = 8;
    std::int32_t device_epochs = 1;  ///< passes over a shard; each uploads again

    /// Packets that a device is to send in all its passes.
    std::int64_t packets_of(const DevicePlan& device) const;
    /// The sum of them over the admitted devices.
    std::int64_t packets_planned() const;
    std::int64_t admitted_samples() const;
    std::int32_t admitted_devices() const;
};

/// What the fleet's clock knows of the admitted devices.  \param plan  must outlive the result.
std::vector<FleetDevice> admitted_fleet(const FleetPlan& plan);

/// When a packet is computed, sent and received, on the emulated clock.
struct PacketTimes {
    VirtualClock::time_point compute_start, compute_end, send_start, send_end, arrival;
};

/// What travels over a link.
enum class ContentKind : std::int8_t {  // the numbers are those of the run file
    Taps,                               ///< with residuals
    Weights,                            ///< or changes of them
    Gradients,
    Activations,
    Scalars,
};

/// Something that reaches the server: one packet, with its times and costs.
struct Delivery {
    TaskId task;             ///< none: the method gives each device one task
    std::int32_t round = 0;  ///< of the task
    ContentKind content = ContentKind::Taps;
    std::int32_t device = 0;
    std::int32_t backbone = 0;
    std::int32_t packet = 0;            ///< or part of the task
    std::vector<std::int32_t> samples;  ///< ids
    std::int32_t tokens = 0;            ///< real tokens, summed
    std::int32_t padded_tokens = 0;     ///< charged length of each sample
    PacketTimes times;
    std::int64_t charged_bytes = 0;   ///< repeats after loss included
    std::int64_t repeated_bytes = 0;  ///< of them: what the link lost and was sent again
    double charged_flop = 0;
    double compute_energy_j = kUnknown;
    double send_energy_j = kUnknown;
    VirtualClock::duration overrun{};  ///< wall clock: by how much the host was too slow for it
};

/// Something that a device fetched.
struct Download {
    TaskId task;             ///< none: at the end of training
    std::int32_t round = 0;  ///< of the task
    ContentKind content = ContentKind::Weights;
    std::int32_t device = 0;
    VirtualClock::time_point start{}, receive_end{};  ///< the link carries it
    VirtualClock::time_point arrival{};               ///< and the latency has passed
    std::int64_t charged_bytes = 0;                   ///< repeats after loss included
    std::int64_t repeated_bytes = 0;                  ///< of them
    double energy_j = kUnknown;
};

/// What kind of work a device wasted.
enum class LostStage : std::int8_t {  // the numbers are those of the run file
    Compute,   ///< a packet's computation, cut off because the device went off
    Upload,    ///< an upload, cut off likewise
    Download,  ///< a download, cut off likewise
    Late,      ///< a whole upload that the server no longer waited for
};

struct LostWork {
    std::int32_t device = 0;
    std::int32_t packet = 0;  ///< -1: a download
    LostStage stage = LostStage::Compute;
    VirtualClock::time_point start{};
    VirtualClock::time_point end{};
    std::int64_t charged_bytes = 0;
    bool recalled = false;  ///< because the server recalled the task
};

/// What goes on at the devices when the server has all that it waits for.
struct Leftovers {
    std::vector<LostWork>
        late;  ///< uploads that it no longer waits for; in order of (device, packet)
    /// Devices that left with an empty battery, and when; in order of devices.
    std::vector<std::pair<std::int32_t, VirtualClock::time_point>> emptied;
};

/// What a fleet does, in virtual time.
struct Deliveries {
    std::vector<Delivery> arrived;  ///< in order of (arrival, device, packet)
    std::vector<LostWork> lost;     ///< in order of (device, packet, start)
    std::int64_t missing =
        0;  ///< packets that never arrive, or after the server has stopped waiting
    Leftovers leftovers;
};

/// Fills `memory_need_bytes` and `admitted` of every device, the number of admitted devices of
/// every backbone, and `packet` of every sample.
///
/// The need is that of inference with one packet as the batch, at the longest length the device
/// charges (docs/method.md 4.2), with 16-bit activations.
/// \throws ConfigError  when no device is admitted; the text lists needs and memories by class.
void admit(FleetPlan& plan, const CostParameters& cost, std::int32_t max_tokens);

/// Which of some backbones a device takes by its memory: the one with the most parameters whose
/// need for a full packet of `max_tokens` fits; the smallest when none does, to be refused by
/// admit(). \param candidates  indices into `plan.backbones`, at least one.
std::int32_t largest_that_fits(const FleetPlan& plan,
                               std::span<const std::int32_t> candidates,
                               const DeviceProfile& device,
                               std::int32_t max_tokens);

/// The length that FLOPs of a packet are charged with (`cost.padding`).
std::int32_t charged_length(const FleetPlan& plan,
                            std::span<const std::int32_t> samples,
                            const CostParameters& cost,
                            std::int32_t max_tokens);

}  // namespace mobi
