// SPDX-License-Identifier: Apache-2.0
#include "messages/pace_plan.hpp"

#include <utility>

#include "core/check.hpp"
#include "core/error.hpp"
#include "messages/flag.hpp"

namespace mobi {
namespace {

void put_time(ByteWriter& writer, VirtualClock::time_point time) {
    writer.put(time.time_since_epoch().count());
}

VirtualClock::time_point get_time(ByteReader& reader) {
    return VirtualClock::time_point(VirtualClock::duration(reader.get<std::int64_t>()));
}

void put_times(ByteWriter& writer, const PacketTimes& times) {
    for (const VirtualClock::time_point time :
         {times.compute_start, times.compute_end, times.send_start, times.send_end, times.arrival})
        put_time(writer, time);
}

PacketTimes get_times(ByteReader& reader) {
    PacketTimes times;
    for (VirtualClock::time_point* const time :
         {&times.compute_start, &times.compute_end, &times.send_start, &times.send_end,
          &times.arrival})
        *time = get_time(reader);
    return times;
}

}  // namespace

Bytes encode_pace_plan(const PacePlan& plan) {
    ByteWriter writer;
    writer.put(plan.start_wall_s);
    writer.put(plan.time_scale);
    put_time(writer, plan.from);
    writer.put(static_cast<std::uint64_t>(plan.uploads.size()));
    for (const PacePlan::Upload& upload : plan.uploads) {
        writer.put(upload.device);
        writer.put(upload.packet);
        put_times(writer, upload.times);
    }
    writer.put(static_cast<std::uint64_t>(plan.cut.size()));
    for (const PacePlan::CutUpload& cut : plan.cut) {
        writer.put(cut.device);
        writer.put(cut.packet);
        put_time(writer, cut.start);
        put_time(writer, cut.end);
        writer.put(cut.sent_bytes);
    }
    return writer.take();
}

PacePlan decode_pace_plan(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "pace plan");
    PacePlan plan;
    plan.start_wall_s = reader.get<double>();
    plan.time_scale = reader.get<double>();
    plan.from = get_time(reader);
    const auto uploads = reader.get<std::uint64_t>();
    for (std::uint64_t i = 0; i < uploads; ++i) {
        PacePlan::Upload upload;
        upload.device = reader.get<std::int32_t>();
        upload.packet = reader.get<std::int32_t>();
        upload.times = get_times(reader);
        plan.uploads.push_back(upload);
    }
    const auto cut = reader.get<std::uint64_t>();
    for (std::uint64_t i = 0; i < cut; ++i) {
        PacePlan::CutUpload one;
        one.device = reader.get<std::int32_t>();
        one.packet = reader.get<std::int32_t>();
        one.start = get_time(reader);
        one.end = get_time(reader);
        one.sent_bytes = reader.get<std::int64_t>();
        plan.cut.push_back(one);
    }
    reader.finish();
    return plan;
}

Bytes encode_segment(Segment segment) {
    ByteWriter writer;
    writer.put(segment.device);
    writer.put(segment.packet);
    writer.put(segment.attempt);
    writer.put(static_cast<std::uint8_t>(segment.last));
    put_times(writer, segment.times);
    writer.put(segment.overrun.count());
    const Bytes trailer = writer.take();
    MOBI_CHECK(trailer.size() == kSegmentTrailer, "a segment's trailer has {} bytes",
               trailer.size());
    Bytes bytes = std::move(segment.bytes);
    bytes.insert(bytes.end(), trailer.begin(), trailer.end());
    return bytes;
}

Segment decode_segment(Bytes bytes) {
    if (bytes.size() < kSegmentTrailer) throw TransportError("segment: too short");
    const std::size_t size = bytes.size() - kSegmentTrailer;
    ByteReader reader(std::span<const std::byte>(bytes).subspan(size), "segment");
    Segment segment;
    segment.device = reader.get<std::int32_t>();
    segment.packet = reader.get<std::int32_t>();
    segment.attempt = reader.get<std::int32_t>();
    segment.last = get_flag(reader, "segment");
    segment.times = get_times(reader);
    segment.overrun = VirtualClock::duration(reader.get<std::int64_t>());
    reader.finish();
    bytes.resize(size);
    segment.bytes = std::move(bytes);
    return segment;
}

Bytes encode_pace_report(const PaceReport& report) {
    ByteWriter writer;
    writer.put(report.wall_s);
    writer.put(report.cpu_s);
    writer.put(report.wire_bytes);
    writer.put(report.overruns);
    writer.put(report.worst_overrun_s);
    return writer.take();
}

PaceReport decode_pace_report(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "pace report");
    PaceReport report;
    report.wall_s = reader.get<double>();
    report.cpu_s = reader.get<double>();
    report.wire_bytes = reader.get<std::int64_t>();
    report.overruns = reader.get<std::int64_t>();
    report.worst_overrun_s = reader.get<double>();
    reader.finish();
    return report;
}

}  // namespace mobi
