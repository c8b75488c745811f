// SPDX-License-Identifier: Apache-2.0
#include "messages/forward_request.hpp"

#include "core/error.hpp"

namespace mobi {
namespace {

PacketKind get_kind(ByteReader& reader) {
    const auto kind = reader.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(PacketKind::Evaluation))
        throw TransportError("forward request: unknown packet kind");
    return static_cast<PacketKind>(kind);
}

Release get_release(ByteReader& reader) {
    const auto release = reader.get<std::uint8_t>();
    if (release > static_cast<std::uint8_t>(Release::OnDemand))
        throw TransportError("forward request: unknown release");
    return static_cast<Release>(release);
}

void put_tokens(ByteWriter& writer, const std::vector<std::int32_t>& tokens) {
    writer.put(static_cast<std::uint32_t>(tokens.size()));
    writer.put_all(std::span<const std::int32_t>(tokens));
}

}  // namespace

Bytes encode_request(const ForwardRequest& request) {
    ByteWriter writer;
    writer.put(request.request);
    writer.put(request.backbone);
    writer.put(static_cast<std::uint8_t>(request.kind));
    writer.put(static_cast<std::uint8_t>(request.release));
    writer.put(static_cast<std::uint32_t>(request.packets.size()));
    for (const ForwardRequest::PacketPart& packet : request.packets) {
        writer.put(packet.device);
        writer.put(packet.packet);
        writer.put(static_cast<std::uint32_t>(packet.samples.size()));
        for (const ForwardRequest::Sample& sample : packet.samples) {
            writer.put(sample.id);
            writer.put(sample.label);
            writer.put(sample.target);
            put_tokens(writer, sample.ids);
            put_tokens(writer, sample.type_ids);
        }
    }
    return writer.take();
}

ForwardRequest decode_request(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "forward request");
    ForwardRequest request;
    request.request = reader.get<std::int32_t>();
    request.backbone = reader.get<std::int32_t>();
    request.kind = get_kind(reader);
    request.release = get_release(reader);
    const auto packets = reader.get<std::uint32_t>();
    for (std::uint32_t p = 0; p < packets; ++p) {
        ForwardRequest::PacketPart packet;
        packet.device = reader.get<std::int32_t>();
        packet.packet = reader.get<std::int32_t>();
        const auto samples = reader.get<std::uint32_t>();
        for (std::uint32_t s = 0; s < samples; ++s) {
            ForwardRequest::Sample sample;
            sample.id = reader.get<std::int32_t>();
            sample.label = reader.get<std::int32_t>();
            sample.target = reader.get<float>();
            sample.ids = reader.get_all<std::int32_t>(reader.get<std::uint32_t>());
            sample.type_ids = reader.get_all<std::int32_t>(reader.get<std::uint32_t>());
            packet.samples.push_back(std::move(sample));
        }
        request.packets.push_back(std::move(packet));
    }
    reader.finish();
    return request;
}

Bytes encode_report(const RequestReport& report) {
    ByteWriter writer;
    writer.put(report.request);
    writer.put(report.backbone);
    writer.put(static_cast<std::uint8_t>(report.kind));
    writer.put(report.samples);
    writer.put(report.tokens);
    writer.put(report.wire_bytes);
    writer.put(report.clamped);
    writer.put(report.wall_s);
    writer.put(report.cpu_s);
    writer.put(report.done_flop);
    writer.put(report.peak_flop_per_s);
    return writer.take();
}

RequestReport decode_report(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "request report");
    RequestReport report;
    report.request = reader.get<std::int32_t>();
    report.backbone = reader.get<std::int32_t>();
    report.kind = get_kind(reader);
    report.samples = reader.get<std::int64_t>();
    report.tokens = reader.get<std::int64_t>();
    report.wire_bytes = reader.get<std::int64_t>();
    report.clamped = reader.get<std::int64_t>();
    report.wall_s = reader.get<double>();
    report.cpu_s = reader.get<double>();
    report.done_flop = reader.get<double>();
    report.peak_flop_per_s = reader.get<double>();
    reader.finish();
    return report;
}

Bytes encode_worker_report(const WorkerReport& report) {
    ByteWriter writer;
    writer.put(report.wall_s);
    writer.put(report.cpu_s);
    writer.put(report.peak_rss_bytes);
    writer.put(report.threads);
    return writer.take();
}

WorkerReport decode_worker_report(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "worker report");
    WorkerReport report;
    report.wall_s = reader.get<double>();
    report.cpu_s = reader.get<double>();
    report.peak_rss_bytes = reader.get<std::int64_t>();
    report.threads = reader.get<std::int32_t>();
    reader.finish();
    return report;
}

}  // namespace mobi
