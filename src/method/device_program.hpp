// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/byte_io.hpp"
#include "core/id.hpp"
#include "method/brief.hpp"
#include "wire/packet.hpp"
#include "wire/parameters.hpp"

namespace mobi {

class Backbone;
class ResidualHead;

/// A sample as its device holds it.
struct DeviceSample {
    std::int32_t id = 0;
    std::int32_t label = 0;         ///< class index; stays with the device unless packets carry it
    float target = 0;               ///< regression
    std::vector<std::int32_t> ids;  ///< tokens
    std::vector<std::int32_t> type_ids;  ///< empty = zeros
};

/// One part of a device's task, or a part of the test set.
struct WorkItem {
    TaskId task;
    std::int32_t device = 0;    ///< evaluation: -1
    std::int32_t part = 0;      ///< of the task; evaluation: of the test set
    std::int64_t up_bytes = 0;  ///< charged for the result, where it is no packet
    std::vector<DeviceSample> samples;
    Brief brief;
};

/// Items that are computed together, because one backbone carries them all.
struct Work {
    std::int32_t backbone = 0;
    PacketKind kind = PacketKind::Upload;
    std::vector<WorkItem> items;
};

/// What a program finds on its worker.
struct Workshop {
    std::uint64_t seed = 1;
    std::int32_t classes = 0;  ///< C; 1 = regression
    std::int32_t batch_tokens = 2048;
    Pivot pivot = Pivot::First;            ///< resolved
    std::vector<std::int32_t> tap_layers;  ///< 0 = embedding
    PacketLayout layout;                   ///< of uploads
    // null where the program needs none
    const Backbone* backbone = nullptr;
    const ResidualHead* head = nullptr;
};

/// What some work was.
struct WorkCounts {
    std::int64_t samples = 0;
    std::int64_t tokens = 0;   ///< real tokens
    std::int64_t clamped = 0;  ///< numbers beyond fp16's largest
    double done_flop = 0;      ///< FLOP really done
};

/// Where results go: one per item, in their order.
struct Emit {
    std::function<void(Bytes)> packet;  ///< an encoded Packet; of methods that settle
    std::function<void(const WorkItem&, Bytes)> result;  ///< `up_bytes` of anything else
};

/// The devices' numbers, on a worker.  Stateless: what a device starts from comes in the brief.
///
/// Called from several threads at once; each call uses the calling thread alone.
class DeviceProgram {
  public:
    virtual ~DeviceProgram() = default;

    virtual WorkCounts run(const Work& work, const Workshop& workshop, const Emit& emit) const = 0;

    /// Zeros, as many as run() sends, without computing (`run.compute = packets`).  The workshop
    /// has no backbone.
    virtual WorkCounts run_empty(const Work& work,
                                 const Workshop& workshop,
                                 const Emit& emit) const;

    /// Whether run()'s workshop is to have a backbone; it is loaded at the first work.
    virtual bool needs_backbone() const noexcept { return true; }
};

}  // namespace mobi
