// SPDX-License-Identifier: Apache-2.0
#include "messages/work_request.hpp"

#include <string>

#include "core/error.hpp"

namespace mobi {
namespace {

PacketKind get_kind(ByteReader& reader, const std::string& what) {
    const auto kind = reader.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(PacketKind::Evaluation))
        throw TransportError(what + ": unknown packet kind");
    return static_cast<PacketKind>(kind);
}

Release get_release(ByteReader& reader) {
    const auto release = reader.get<std::uint8_t>();
    if (release > static_cast<std::uint8_t>(Release::OnDemand))
        throw TransportError("work request: unknown release");
    return static_cast<Release>(release);
}

void put_tokens(ByteWriter& writer, const std::vector<std::int32_t>& tokens) {
    writer.put(static_cast<std::uint32_t>(tokens.size()));
    writer.put_all(std::span<const std::int32_t>(tokens));
}

void put_sample(ByteWriter& writer, const DeviceSample& sample) {
    writer.put(sample.id);
    writer.put(sample.label);
    writer.put(sample.target);
    put_tokens(writer, sample.ids);
    put_tokens(writer, sample.type_ids);
}

DeviceSample get_sample(ByteReader& reader) {
    DeviceSample sample;
    sample.id = reader.get<std::int32_t>();
    sample.label = reader.get<std::int32_t>();
    sample.target = reader.get<float>();
    sample.ids = reader.get_all<std::int32_t>(reader.get<std::uint32_t>());
    sample.type_ids = reader.get_all<std::int32_t>(reader.get<std::uint32_t>());
    return sample;
}

void put_item(ByteWriter& writer, const WorkItem& item) {
    writer.put(item.task.value());
    writer.put(item.device);
    writer.put(item.part);
    writer.put(item.up_bytes);
    writer.put(static_cast<std::uint32_t>(item.samples.size()));
    for (const DeviceSample& sample : item.samples) put_sample(writer, sample);
    writer.put(static_cast<std::uint32_t>(item.brief.shared.size()));
    for (const Content& content : item.brief.shared) writer.put(content.id);
    writer.put(static_cast<std::uint32_t>(item.brief.own.size()));
    writer.put_bytes(item.brief.own);
}

WorkItem get_item(ByteReader& reader) {
    WorkItem item;
    item.task = TaskId(reader.get<std::int64_t>());
    item.device = reader.get<std::int32_t>();
    item.part = reader.get<std::int32_t>();
    item.up_bytes = reader.get<std::int64_t>();
    const auto samples = reader.get<std::uint32_t>();
    for (std::uint32_t s = 0; s < samples; ++s) item.samples.push_back(get_sample(reader));
    const auto shared = reader.get<std::uint32_t>();
    for (std::uint32_t c = 0; c < shared; ++c)
        item.brief.shared.push_back({reader.get<std::int64_t>(), nullptr});
    item.brief.own = reader.take_copy(reader.get<std::uint32_t>());
    return item;
}

}  // namespace

Bytes encode_request(const WorkRequest& request) {
    ByteWriter writer;
    writer.put(request.request);
    writer.put(static_cast<std::uint8_t>(request.release));
    writer.put(request.work.backbone);
    writer.put(static_cast<std::uint8_t>(request.work.kind));
    writer.put(static_cast<std::uint32_t>(request.work.items.size()));
    for (const WorkItem& item : request.work.items) put_item(writer, item);
    return writer.take();
}

WorkRequest decode_request(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "work request");
    WorkRequest request;
    request.request = reader.get<std::int32_t>();
    request.release = get_release(reader);
    request.work.backbone = reader.get<std::int32_t>();
    request.work.kind = get_kind(reader, "work request");
    const auto items = reader.get<std::uint32_t>();
    for (std::uint32_t i = 0; i < items; ++i) request.work.items.push_back(get_item(reader));
    reader.finish();
    return request;
}

Bytes encode_content(const Content& content) {
    ByteWriter writer;
    writer.put(content.id);
    writer.put_bytes(*content.bytes);
    return writer.take();
}

Content decode_content(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "content");
    Content content;
    content.id = reader.get<std::int64_t>();
    content.bytes = std::make_shared<const Bytes>(reader.take_copy(reader.remaining()));
    return content;
}

Bytes encode_result(const ItemResult& result) {
    ByteWriter writer;
    writer.put(result.task.value());
    writer.put(result.part);
    writer.put_bytes(result.bytes);
    return writer.take();
}

ItemResult decode_result(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "result");
    ItemResult result;
    result.task = TaskId(reader.get<std::int64_t>());
    result.part = reader.get<std::int32_t>();
    result.bytes = reader.take_copy(reader.remaining());
    return result;
}

Bytes encode_report(const WorkReport& report) {
    ByteWriter writer;
    writer.put(report.request);
    writer.put(report.backbone);
    writer.put(static_cast<std::uint8_t>(report.kind));
    writer.put(report.counts.samples);
    writer.put(report.counts.tokens);
    writer.put(report.counts.clamped);
    writer.put(report.counts.done_flop);
    writer.put(report.wire_bytes);
    writer.put(report.wall_s);
    writer.put(report.cpu_s);
    writer.put(report.peak_flop_per_s);
    return writer.take();
}

WorkReport decode_report(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "work report");
    WorkReport report;
    report.request = reader.get<std::int32_t>();
    report.backbone = reader.get<std::int32_t>();
    report.kind = get_kind(reader, "work report");
    report.counts.samples = reader.get<std::int64_t>();
    report.counts.tokens = reader.get<std::int64_t>();
    report.counts.clamped = reader.get<std::int64_t>();
    report.counts.done_flop = reader.get<double>();
    report.wire_bytes = reader.get<std::int64_t>();
    report.wall_s = reader.get<double>();
    report.cpu_s = reader.get<double>();
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
