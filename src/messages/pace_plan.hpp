// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/byte_io.hpp"
#include "core/clock.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// What the devices of one worker do and when, for the wall clock: the models' times, which the
/// worker keeps by waiting.
struct PacePlan {
    /// A packet that arrives.
    struct Upload {
        std::int32_t device = 0;
        std::int32_t packet = 0;
        PacketTimes times;
    };
    /// An upload that the device cannot finish, because it goes off.
    struct CutUpload {
        std::int32_t device = 0;
        std::int32_t packet = 0;
        VirtualClock::time_point start{};
        VirtualClock::time_point end{};
        std::int64_t sent_bytes = 0;
    };
    double start_wall_s = 0;  ///< of virtual time 0, on the worker's own clock
    double time_scale = 1;    ///< virtual seconds per real second
    /// When the run goes on; what was due before is done at once, and was on time.
    VirtualClock::time_point from{};
    std::vector<Upload> uploads;  ///< a device's in the order of its packets
    std::vector<CutUpload> cut;   ///< in the order of (device, packet, start)
};

Bytes encode_pace_plan(const PacePlan& plan);
/// \throws TransportError  when the bytes are not what encode_pace_plan() wrote.
PacePlan decode_pace_plan(std::span<const std::byte> bytes);

/// A part of an upload, as it goes over the wire.  Times are measured.
struct Segment {
    std::int32_t device = 0;
    std::int32_t packet = 0;
    std::int32_t attempt = 0;  ///< a higher one begins the packet anew
    bool last = false;         ///< the packet is whole
    /// With the last one: when it was computed and sent, without `arrival`.
    PacketTimes times;
    VirtualClock::duration overrun{};  ///< by how much the host was too slow for them
    Bytes bytes;
};

/// What a segment has behind its bytes on the wire, so that these need not be moved.
inline constexpr std::size_t kSegmentTrailer = 3 * 4 + 1 + 6 * 8;

Bytes encode_segment(Segment segment);
/// \throws TransportError  when the bytes are not what encode_segment() wrote.
Segment decode_segment(Bytes bytes);

/// What pacing cost a worker.
struct PaceReport {
    double wall_s = 0;
    double cpu_s = 0;
    std::int64_t wire_bytes = 0;
    std::int64_t overruns = 0;
    double worst_overrun_s = 0;  ///< real time
};

Bytes encode_pace_report(const PaceReport& report);
PaceReport decode_pace_report(std::span<const std::byte> bytes);

}  // namespace mobi
