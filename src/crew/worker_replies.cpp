// SPDX-License-Identifier: Apache-2.0
#include "crew/worker_replies.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "messages/bundle.hpp"
#include "messages/tags.hpp"
#include "wire/codec.hpp"

namespace mobi {

WorkerReplies::WorkerReplies(const FleetPlan& plan,
                             const TokenTable& tokens,
                             const Truth& truth,
                             std::int64_t validation)
    : plan_(plan), classes_(truth.classes) {
    if (truth.empty()) return;
    evaluation_ = std::make_shared<EvaluationData>();
    evaluation_->truth = truth;
    evaluation_->validation = validation;
    evaluation_->backbones.resize(plan_.backbones.size());
    for (std::size_t k = 0; k < plan_.backbones.size(); ++k) {
        const std::size_t n = tokens.test[k].size();
        if (n == 0) continue;
        const PacketLayout& layout = plan_.backbones[k].layout;
        EvaluationData::Backbone& data = evaluation_->backbones[k];
        data.width = layout.width;
        data.taps.resize(n * static_cast<std::size_t>(layout.taps) *
                         static_cast<std::size_t>(layout.width));
        data.output.resize(n * static_cast<std::size_t>(classes_));
        evaluation_open_ += static_cast<std::int64_t>(n);
    }
}

std::int32_t WorkerReplies::open_requests(int worker) const {
    const auto found = open_.find(worker);
    return found == open_.end() ? 0 : found->second;
}

std::int32_t WorkerReplies::open_requests() const {
    std::int32_t total = 0;
    for (const auto& [worker, open] : open_) total += open;
    return total;
}

int WorkerReplies::idlest_worker(int ranks) const {
    int idlest = 1;
    for (int worker = 2; worker < ranks; ++worker)
        if (open_requests(worker) < open_requests(idlest)) idlest = worker;
    return idlest;
}

void WorkerReplies::handle(const Message& message, const std::function<void(Packet)>& upload) {
    const auto take = [&](std::span<const std::byte> bytes) {
        Packet packet = decode(message.source, bytes);
        if (packet.kind == PacketKind::Upload)
            upload(std::move(packet));
        else
            keep_evaluation(message.source, packet);
    };
    switch (message.tag) {
        case kTagPacket:
            return take(message.bytes);
        case kTagPackets:
            return for_each_packet(message.bytes, take);
        case kTagDone:
            return take_report(message);
        case kTagReport:
            reports_[message.source] = decode_worker_report(message.bytes);
            return;
        default:
            throw ProtocolError(message.source, message.tag, "a packet or a report", "another tag");
    }
}

void WorkerReplies::take_report(const Message& message) {
    const auto open = open_.find(message.source);
    if (open == open_.end() || open->second == 0)
        throw ProtocolError(message.source, message.tag, "a report on a request",
                            "more than there were requests");
    --open->second;
    add(message.source, decode_report(message.bytes));
}

void WorkerReplies::add(int worker, const WorkReport& report) {
    ForwardTotals& total = totals_[{worker, report.backbone, report.kind}];
    samples_done_ += report.counts.samples;
    ++total.requests;
    total.sum.counts.samples += report.counts.samples;
    total.sum.counts.tokens += report.counts.tokens;
    total.sum.wire_bytes += report.wire_bytes;
    total.sum.counts.clamped += report.counts.clamped;
    total.sum.wall_s += report.wall_s;
    total.sum.cpu_s += report.cpu_s;
    total.sum.counts.done_flop += report.counts.done_flop;
    total.sum.peak_flop_per_s = std::max(total.sum.peak_flop_per_s, report.peak_flop_per_s);
}

Packet WorkerReplies::decode(int worker, std::span<const std::byte> bytes) const try {
    const PacketStamp stamp = read_stamp(bytes);
    const std::int32_t backbone = stamp.backbone;
    if (backbone < 0 || static_cast<std::size_t>(backbone) >= plan_.backbones.size())
        throw ProtocolError(worker, kTagPacket, "a backbone of the run",
                            fmt::format("number {}", backbone));
    PacketLayout layout = plan_.backbones[static_cast<std::size_t>(backbone)].layout;
    if (stamp.kind == PacketKind::Evaluation) {
        layout.dtype = Precision::Fp32;
        layout.labels = false;
    }
    return decode_packet(bytes, layout);
} catch (const ProtocolError&) {
    throw;
} catch (const TransportError& error) {
    throw TransportError(fmt::format("message from rank {}: {}", worker, error.what()));
}

std::int64_t WorkerReplies::test_samples_of(std::size_t backbone, std::int64_t part) const {
    if (evaluation_ == nullptr || !evaluation_->backbones[backbone].is_there()) return 0;
    constexpr std::int64_t kPart = ForwardRequests::kEvaluationPart;
    const auto n = static_cast<std::int64_t>(evaluation_->truth.size());
    return part * kPart >= n ? 0 : std::min(kPart, n - part * kPart);
}

void WorkerReplies::keep_evaluation(int worker, const Packet& packet) {
    const auto backbone = static_cast<std::size_t>(packet.backbone);
    const std::int64_t part = packet.packet;
    const auto sent = static_cast<std::int64_t>(packet.samples.size());
    if (sent != test_samples_of(backbone, part))
        throw ProtocolError(
            worker, kTagPacket, "a part of the test set",
            fmt::format("{} samples as part {} of backbone {}", sent, part, packet.backbone));
    EvaluationData::Backbone& data = evaluation_->backbones[backbone];
    const std::size_t n = evaluation_->truth.size();
    const auto width = static_cast<std::size_t>(data.width);
    const std::size_t rows = packet.samples.size();
    const auto first = static_cast<std::size_t>(part * ForwardRequests::kEvaluationPart);
    const std::size_t bytes = rows * width * sizeof(float);
    for (std::size_t tap = 0; tap * n * width < data.taps.size(); ++tap)
        decode_vectors(Precision::Fp32, std::span(packet.taps).subspan(tap * bytes, bytes), {},
                       width,
                       std::span(data.taps).subspan((tap * n + first) * width, rows * width));
    std::copy(packet.residual.begin(), packet.residual.end(),
              data.output.begin() +
                  static_cast<std::ptrdiff_t>(first * static_cast<std::size_t>(classes_)));
    evaluation_open_ -= static_cast<std::int64_t>(rows);
}

std::map<int, WorkerReport> stop_workers(Channel& channel,
                                         const WorkerReplies& replies,
                                         const std::function<void()>& pump) {
    for (int worker = 1; worker < channel.size(); ++worker) channel.send(worker, kTagStop, {});
    while (static_cast<int>(replies.reports().size()) < channel.size() - 1) pump();
    channel.flush();
    return replies.reports();
}

}  // namespace mobi
