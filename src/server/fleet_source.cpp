// SPDX-License-Identifier: Apache-2.0
#include "server/fleet_source.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "activation/codec.hpp"
#include "core/check.hpp"
#include "core/error.hpp"
#include "worker/tags.hpp"

namespace mobi {
namespace {

constexpr std::int64_t kEvaluationPart = 256;   // test samples a request
constexpr std::int32_t kRequestsPerThread = 2;  // one computed, one waiting
constexpr WallClock::duration kPatience(0.02);

}  // namespace

FleetSource::FleetSource(Channel& channel,
                         const FleetPlan& plan,
                         std::span<const Delivery> deliveries,
                         const TokenTable& tokens,
                         Settings settings)
    : channel_(channel),
      plan_(plan),
      deliveries_(deliveries),
      tokens_(tokens),
      settings_(std::move(settings)),
      delivery_of_(plan.devices.size()) {
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        auto& packets = delivery_of_[static_cast<std::size_t>(deliveries[i].device)];
        const auto packet = static_cast<std::size_t>(deliveries[i].packet);
        if (packets.size() <= packet) packets.resize(packet + 1, -1);
        packets[packet] = static_cast<std::int64_t>(i);
        samples_planned_ += static_cast<std::int64_t>(deliveries[i].samples.size());
    }
    for (int worker = 1; worker < channel.size(); ++worker) open_by_worker_[worker] = 0;
    MOBI_CHECK(!open_by_worker_.empty(), "no worker to compute for the fleet");
    plan_evaluation();
    const std::size_t groups_begin = requests_.size();
    for (std::size_t k = 0; k < plan.backbones.size(); ++k)
        plan_groups(static_cast<std::int32_t>(k));
    std::sort(requests_.begin() + static_cast<std::ptrdiff_t>(groups_begin), requests_.end(),
              [](const Request& a, const Request& b) { return a.first < b.first; });
}

void FleetSource::plan_evaluation() {
    if (settings_.test_labels.empty() && settings_.test_targets.empty()) return;
    evaluation_ = std::make_shared<EvaluationData>();
    evaluation_->labels = settings_.test_labels;
    evaluation_->targets = settings_.test_targets;
    evaluation_->classes = settings_.classes;
    evaluation_->backbones.resize(plan_.backbones.size());
    for (std::size_t k = 0; k < plan_.backbones.size(); ++k) {
        const auto n = static_cast<std::int64_t>(tokens_.test[k].size());
        if (n == 0) continue;
        const PacketLayout& layout = plan_.backbones[k].layout;
        evaluation_->backbones[k].taps =
            torch::empty({layout.taps, n, layout.width}, torch::kFloat32);
        evaluation_->backbones[k].output = torch::empty({n, settings_.classes}, torch::kFloat32);
        for (std::int64_t first = 0; first < n; first += kEvaluationPart) {
            Request request;
            request.backbone = static_cast<std::int32_t>(k);
            request.kind = PacketKind::Evaluation;
            request.first = first;
            requests_.push_back(std::move(request));
        }
        evaluation_open_ += n;
        samples_planned_ += n;
    }
}

void FleetSource::plan_groups(std::int32_t backbone) {
    std::int32_t devices = 0;
    Request group;
    const auto close = [&] {
        if (!group.deliveries.empty()) requests_.push_back(std::move(group));
        group = Request();
        devices = 0;
    };
    for (const DevicePlan& device : plan_.devices) {
        if (device.backbone != backbone || !device.admitted) continue;
        if (devices == 0) {
            group.backbone = backbone;
            group.first = std::numeric_limits<std::int64_t>::max();
        }
        for (const std::int64_t index : delivery_of_[static_cast<std::size_t>(device.id)]) {
            const Delivery& delivery = deliveries_[static_cast<std::size_t>(index)];
            group.deliveries.push_back(index);
            group.first = std::min(group.first, index);
            group.bytes += static_cast<double>(
                packet_bytes(plan_.backbones[static_cast<std::size_t>(backbone)].layout,
                             delivery.samples.size(), true));
        }
        if (++devices == settings_.forward.group_devices) close();
    }
    close();
}

ForwardRequest FleetSource::build(std::size_t number) const {
    const Request& plan = requests_[number];
    ForwardRequest request;
    request.request = static_cast<std::int32_t>(number);
    request.backbone = plan.backbone;
    request.kind = plan.kind;
    if (plan.kind == PacketKind::Evaluation) {
        const auto& test = tokens_.test[static_cast<std::size_t>(plan.backbone)];
        const auto first = test.begin() + static_cast<std::ptrdiff_t>(plan.first);
        const auto count = std::min<std::ptrdiff_t>(kEvaluationPart, test.end() - first);
        request.packets.push_back(
            {-1, static_cast<std::int32_t>(plan.first / kEvaluationPart), {first, first + count}});
        return request;
    }
    for (const std::int64_t index : plan.deliveries) {
        const Delivery& delivery = deliveries_[static_cast<std::size_t>(index)];
        ForwardRequest::PacketPart part{delivery.device, delivery.packet, {}};
        for (const std::int32_t id : delivery.samples)
            part.samples.push_back(tokens_.train[static_cast<std::size_t>(id)]);
        request.packets.push_back(std::move(part));
    }
    return request;
}

void FleetSource::grant(std::optional<std::int64_t> wanted) {
    const std::int32_t limit = kRequestsPerThread * settings_.threads_per_worker;
    while (granted_ < requests_.size()) {
        const auto worker =
            std::min_element(open_by_worker_.begin(), open_by_worker_.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        if (worker->second >= limit) return;
        const Request& request = requests_[granted_];
        const bool fits = outstanding_bytes_ + request.bytes <= settings_.forward.window_bytes;
        const bool holds_wanted =
            wanted && std::find(request.deliveries.begin(), request.deliveries.end(), *wanted) !=
                          request.deliveries.end();
        if (!fits && !holds_wanted) return;
        outstanding_bytes_ += request.bytes;
        ++worker->second;
        channel_.send(worker->first, kTagRequest, encode_request(build(granted_)));
        ++granted_;
    }
}

void FleetSource::pump(std::optional<std::int64_t> wanted) {
    grant(wanted);
    if (settings_.on_wait) settings_.on_wait();
    if (const std::optional<Message> message = channel_.receive(kPatience)) handle(*message);
}

void FleetSource::handle(const Message& message) {
    switch (message.tag) {
        case kTagPacket:
            handle_packet(message);
            return;
        case kTagDone: {
            const RequestReport report = decode_report(message.bytes);
            --open_by_worker_.at(message.source);
            ForwardTotals& total = totals_[{message.source, report.backbone, report.kind}];
            ++total.requests;
            total.sum.samples += report.samples;
            total.sum.tokens += report.tokens;
            total.sum.wire_bytes += report.wire_bytes;
            total.sum.clamped += report.clamped;
            total.sum.wall_s += report.wall_s;
            total.sum.cpu_s += report.cpu_s;
            total.sum.done_flop += report.done_flop;
            total.sum.peak_flop_per_s = std::max(total.sum.peak_flop_per_s, report.peak_flop_per_s);
            return;
        }
        case kTagReport:
            reports_[message.source] = decode_worker_report(message.bytes);
            return;
        default:
            throw ProtocolError(message.source, message.tag, "a packet or a report", "another tag");
    }
}

void FleetSource::handle_packet(const Message& message) {
    const auto [kind, backbone] = read_stamp(message.bytes);
    if (backbone < 0 || static_cast<std::size_t>(backbone) >= plan_.backbones.size())
        throw ProtocolError(message.source, message.tag, "a backbone of the run",
                            fmt::format("number {}", backbone));
    PacketLayout layout = plan_.backbones[static_cast<std::size_t>(backbone)].layout;
    if (kind == PacketKind::Evaluation) {
        layout.dtype = Precision::Fp32;
        layout.labels = false;
    }
    Packet packet = decode_packet(message.bytes, layout);
    samples_done_ += static_cast<std::int64_t>(packet.samples.size());
    if (packet.kind == PacketKind::Evaluation) {
        keep_evaluation(packet);
        return;
    }
    const auto device = static_cast<std::size_t>(packet.device);
    const auto number = static_cast<std::size_t>(packet.packet);
    if (packet.device < 0 || device >= delivery_of_.size() || packet.packet < 0 ||
        number >= delivery_of_[device].size())
        throw ProtocolError(message.source, message.tag, "a planned packet",
                            fmt::format("packet {} of device {}", packet.packet, packet.device));
    received_.emplace(delivery_of_[device][number], std::move(packet));
}

void FleetSource::keep_evaluation(const Packet& packet) {
    EvaluationData::Backbone& data =
        evaluation_->backbones[static_cast<std::size_t>(packet.backbone)];
    const std::int64_t n = data.taps.size(1);
    const std::int64_t width = data.taps.size(2);
    const auto rows = static_cast<std::int64_t>(packet.samples.size());
    const std::int64_t first = packet.packet * kEvaluationPart;
    MOBI_CHECK(first + rows <= n, "evaluation part {} is too long", packet.packet);
    std::vector<float> decoded(static_cast<std::size_t>(rows * width));
    for (std::int64_t tap = 0; tap < data.taps.size(0); ++tap) {
        const std::size_t bytes = decoded.size() * sizeof(float);
        decode_vectors(Precision::Fp32,
                       std::span(packet.taps).subspan(static_cast<std::size_t>(tap) * bytes, bytes),
                       {}, static_cast<std::size_t>(width), decoded);
        std::copy(decoded.begin(), decoded.end(),
                  data.taps.data_ptr<float>() + (tap * n + first) * width);
    }
    std::copy(packet.residual.begin(), packet.residual.end(),
              data.output.data_ptr<float>() + first * settings_.classes);
    evaluation_open_ -= rows;
}

Packet FleetSource::take(std::int64_t index) {
    auto found = received_.find(index);
    while (found == received_.end()) {
        pump(index);
        found = received_.find(index);
    }
    Packet packet = std::move(found->second);
    received_.erase(found);
    const PacketLayout& layout = plan_.backbones[static_cast<std::size_t>(packet.backbone)].layout;
    outstanding_bytes_ -= static_cast<double>(packet_bytes(layout, packet.samples.size(), true));
    grant(std::nullopt);
    return packet;
}

std::shared_ptr<const EvaluationData> FleetSource::evaluation() {
    while (evaluation_open_ > 0) pump(std::nullopt);
    return evaluation_;
}

std::map<int, WorkerReport> FleetSource::stop() {
    for (const auto& [worker, open] : open_by_worker_) channel_.send(worker, kTagStop, {});
    while (reports_.size() < open_by_worker_.size()) pump(std::nullopt);
    channel_.flush();
    return reports_;
}

}  // namespace mobi
