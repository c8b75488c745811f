// SPDX-License-Identifier: Apache-2.0
#include "worker/forward_batch.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <torch/torch.h>

#include "core/check.hpp"
#include "model/flops.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

using Sample = ForwardRequest::Sample;

/// The results of a request's samples, in the request's order.
struct Results {
    std::int64_t samples = 0;
    std::int64_t taps = 0;
    std::int64_t width = 0;
    std::int64_t classes = 0;
    std::vector<float> tap_rows;     // (taps, samples, width)
    std::vector<float> output_rows;  // (samples, classes)
};

PackedBatch pack(std::span<const Sample* const> samples, std::span<const std::size_t> batch) {
    PackedBatch packed;
    packed.offsets.push_back(0);
    bool typed = false;
    for (const std::size_t index : batch) typed = typed || !samples[index]->type_ids.empty();
    for (const std::size_t index : batch) {
        const Sample& sample = *samples[index];
        packed.ids.insert(packed.ids.end(), sample.ids.begin(), sample.ids.end());
        if (typed && sample.type_ids.empty())
            packed.type_ids.resize(packed.ids.size(), 0);
        else if (typed)
            packed.type_ids.insert(packed.type_ids.end(), sample.type_ids.begin(),
                                   sample.type_ids.end());
        packed.offsets.push_back(static_cast<std::int32_t>(packed.ids.size()));
    }
    return packed;
}

void scatter(const Taps& taps,
             const at::Tensor& output,
             std::span<const std::size_t> batch,
             Results& results) {
    const at::Tensor rows = taps.taps.contiguous();
    const at::Tensor outputs = output.contiguous();
    const auto count = static_cast<std::int64_t>(batch.size());
    for (std::int64_t tap = 0; tap < results.taps; ++tap)
        for (std::int64_t i = 0; i < count; ++i) {
            const auto sample = static_cast<std::int64_t>(batch[static_cast<std::size_t>(i)]);
            std::copy_n(rows.data_ptr<float>() + (tap * count + i) * results.width, results.width,
                        results.tap_rows.data() + (tap * results.samples + sample) * results.width);
        }
    for (std::int64_t i = 0; i < count; ++i)
        std::copy_n(
            outputs.data_ptr<float>() + i * results.classes, results.classes,
            results.output_rows.data() +
                static_cast<std::int64_t>(batch[static_cast<std::size_t>(i)]) * results.classes);
}

/// The packet of samples [first, first + part.samples.size()) of the request.
Packet make_packet(const ForwardRequest& request,
                   const ForwardRequest::PacketPart& part,
                   const PacketLayout& layout,
                   const Results& results,
                   std::int64_t first,
                   std::int64_t& clamped) {
    Packet packet;
    packet.kind = request.kind;
    packet.device = part.device;
    packet.backbone = request.backbone;
    packet.packet = part.packet;
    const auto count = static_cast<std::int64_t>(part.samples.size());
    const auto width = static_cast<std::size_t>(results.width);
    const std::size_t vector = vector_bytes(layout.dtype, width);
    const auto rows = static_cast<std::size_t>(count);
    packet.taps.resize(static_cast<std::size_t>(results.taps) * rows * vector);
    if (has_scale(layout.dtype))
        packet.scales.resize(static_cast<std::size_t>(results.taps) * rows);
    for (std::int64_t tap = 0; tap < results.taps; ++tap) {
        const auto t = static_cast<std::size_t>(tap);
        const std::span<const float> source(
            results.tap_rows.data() + (tap * results.samples + first) * results.width,
            rows * width);
        const auto scales = packet.scales.empty()
                                ? std::span<float>()
                                : std::span(packet.scales).subspan(t * rows, rows);
        clamped += static_cast<std::int64_t>(encode_vectors(
            layout.dtype, source, width,
            std::span(packet.taps).subspan(t * rows * vector, rows * vector), scales));
    }
    const float* const output = results.output_rows.data() + first * results.classes;
    packet.residual.assign(output, output + count * results.classes);
    for (std::int64_t i = 0; i < count; ++i) {
        const Sample& sample = part.samples[static_cast<std::size_t>(i)];
        packet.samples.push_back(sample.id);
        if (layout.labels) packet.labels.push_back(sample.label);
        if (request.kind == PacketKind::Evaluation) continue;  // the output itself is asked for
        // Residual = output minus label (docs/method.md 1.3), formed on the device.
        float* const row = packet.residual.data() + i * results.classes;
        if (results.classes == 1)
            row[0] -= sample.target;
        else
            row[sample.label] -= 1;
    }
    return packet;
}

}  // namespace

std::vector<std::vector<std::size_t>> cut_into_batches(std::span<const std::size_t> lengths,
                                                       std::size_t batch_tokens) {
    std::vector<std::size_t> order(lengths.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return lengths[a] < lengths[b]; });
    std::vector<std::vector<std::size_t>> batches;
    std::size_t tokens = 0;
    for (const std::size_t index : order) {
        if (batches.empty() || tokens + lengths[index] > batch_tokens) {
            batches.emplace_back();
            tokens = 0;
        }
        batches.back().push_back(index);
        tokens += lengths[index];
    }
    return batches;
}

RequestReport forward_request(const ForwardRequest& request,
                              const WorkerSetup& setup,
                              const Backbone& backbone,
                              const ResidualHead& head,
                              const std::function<void(Bytes)>& emit) {
    const WorkerSetup::Backbone& plan =
        setup.backbones.at(static_cast<std::size_t>(request.backbone));
    std::vector<const Sample*> samples;
    std::vector<std::size_t> lengths;
    for (const ForwardRequest::PacketPart& packet : request.packets)
        for (const Sample& sample : packet.samples) {
            samples.push_back(&sample);
            lengths.push_back(sample.ids.size());
        }
    Results results;
    results.samples = static_cast<std::int64_t>(samples.size());
    results.taps = plan.layout.taps;
    results.width = plan.layout.width;
    results.classes = setup.classes;
    results.tap_rows.resize(
        static_cast<std::size_t>(results.taps * results.samples * results.width));
    results.output_rows.resize(static_cast<std::size_t>(results.samples * results.classes));

    RequestReport report;
    report.request = request.request;
    report.backbone = request.backbone;
    report.kind = request.kind;
    report.samples = results.samples;
    for (const auto& batch :
         cut_into_batches(lengths, static_cast<std::size_t>(setup.batch_tokens))) {
        const PackedBatch packed = pack(samples, batch);
        const Taps taps = backbone.forward(packed, plan.tap_layers, plan.pivot);
        scatter(taps, head.output(taps.output), batch, results);
        report.tokens += static_cast<std::int64_t>(packed.ids.size());
        report.done_flop += done_forward_flop(backbone.info().size, packed, plan.pivot);
    }
    PacketLayout layout = plan.layout;
    if (request.kind == PacketKind::Evaluation) {  // fp32, whatever the wire precision
        layout.dtype = Precision::Fp32;
        layout.labels = false;
    }
    std::int64_t first = 0;
    for (const ForwardRequest::PacketPart& part : request.packets) {
        Bytes bytes = encode_packet(
            make_packet(request, part, layout, results, first, report.clamped), layout);
        report.wire_bytes += static_cast<std::int64_t>(bytes.size());
        emit(std::move(bytes));
        first += static_cast<std::int64_t>(part.samples.size());
    }
    return report;
}

RequestReport empty_request(const ForwardRequest& request,
                            const WorkerSetup& setup,
                            const std::function<void(Bytes)>& emit) {
    const PacketLayout& layout =
        setup.backbones.at(static_cast<std::size_t>(request.backbone)).layout;
    const std::size_t vector = vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width));
    RequestReport report;
    report.request = request.request;
    report.backbone = request.backbone;
    report.kind = request.kind;
    Packet packet;
    packet.kind = request.kind;
    packet.backbone = request.backbone;
    for (const ForwardRequest::PacketPart& part : request.packets) {
        const std::size_t count = part.samples.size();
        const auto taps = static_cast<std::size_t>(layout.taps);
        packet.device = part.device;
        packet.packet = part.packet;
        packet.samples.clear();
        for (const Sample& sample : part.samples) packet.samples.push_back(sample.id);
        packet.taps.resize(taps * count * vector);
        packet.scales.resize(has_scale(layout.dtype) ? taps * count : 0);
        packet.residual.resize(count * static_cast<std::size_t>(layout.classes));
        packet.labels.resize(layout.labels ? count : 0);
        Bytes bytes = encode_packet(packet, layout);
        report.samples += static_cast<std::int64_t>(count);
        report.wire_bytes += static_cast<std::int64_t>(bytes.size());
        emit(std::move(bytes));
    }
    return report;
}

}  // namespace mobi
