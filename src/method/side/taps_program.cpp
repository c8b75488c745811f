// SPDX-License-Identifier: Apache-2.0
#include "method/side/taps_program.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <torch/torch.h>

#include "core/check.hpp"
#include "model/backbone.hpp"
#include "model/flops.hpp"
#include "model/residual_head.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

/// The results of some work's samples, in its order.
struct Results {
    std::int64_t samples = 0;
    std::int64_t taps = 0;
    std::int64_t width = 0;
    std::int64_t classes = 0;
    std::vector<float> tap_rows;     // (taps, samples, width)
    std::vector<float> output_rows;  // (samples, classes)
};

PackedBatch pack(std::span<const DeviceSample* const> samples, std::span<const std::size_t> batch) {
    PackedBatch packed;
    packed.offsets.push_back(0);
    bool typed = false;
    for (const std::size_t index : batch) typed = typed || !samples[index]->type_ids.empty();
    for (const std::size_t index : batch) {
        const DeviceSample& sample = *samples[index];
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

/// The packet of samples [first, first + item.samples.size()) of the work.
Packet make_packet(const Work& work,
                   const WorkItem& item,
                   const PacketLayout& layout,
                   const Results& results,
                   std::int64_t first,
                   std::int64_t& clamped) {
    Packet packet;
    packet.kind = work.kind;
    packet.device = item.device;
    packet.backbone = work.backbone;
    packet.packet = item.part;
    const auto count = static_cast<std::int64_t>(item.samples.size());
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
        const DeviceSample& sample = item.samples[static_cast<std::size_t>(i)];
        packet.samples.push_back(sample.id);
        if (layout.labels) packet.labels.push_back(sample.label);
        if (work.kind == PacketKind::Evaluation) continue;  // the output itself is asked for
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

WorkCounts TapsProgram::run(const Work& work, const Workshop& workshop, const Emit& emit) const {
    std::vector<const DeviceSample*> samples;
    std::vector<std::size_t> lengths;
    for (const WorkItem& item : work.items)
        for (const DeviceSample& sample : item.samples) {
            samples.push_back(&sample);
            lengths.push_back(sample.ids.size());
        }
    Results results;
    results.samples = static_cast<std::int64_t>(samples.size());
    results.taps = workshop.layout.taps;
    results.width = workshop.layout.width;
    results.classes = workshop.classes;
    results.tap_rows.resize(
        static_cast<std::size_t>(results.taps * results.samples * results.width));
    results.output_rows.resize(static_cast<std::size_t>(results.samples * results.classes));

    WorkCounts counts;
    counts.samples = results.samples;
    for (const auto& batch :
         cut_into_batches(lengths, static_cast<std::size_t>(workshop.batch_tokens))) {
        const PackedBatch packed = pack(samples, batch);
        const Backbone& backbone = *workshop.backbone;
        const Taps taps = backbone.forward(packed, workshop.tap_layers, workshop.pivot);
        scatter(taps, workshop.head->output(taps.output), batch, results);
        counts.tokens += static_cast<std::int64_t>(packed.ids.size());
        counts.done_flop += done_forward_flop(backbone.info().size, packed, workshop.pivot);
    }
    PacketLayout layout = workshop.layout;
    if (work.kind == PacketKind::Evaluation) {  // fp32, whatever the wire precision
        layout.dtype = Precision::Fp32;
        layout.labels = false;
    }
    std::int64_t first = 0;
    for (const WorkItem& item : work.items) {
        emit.packet(
            encode_packet(make_packet(work, item, layout, results, first, counts.clamped), layout));
        first += static_cast<std::int64_t>(item.samples.size());
    }
    return counts;
}

WorkCounts TapsProgram::run_empty(const Work& work,
                                  const Workshop& workshop,
                                  const Emit& emit) const {
    const PacketLayout& layout = workshop.layout;
    const std::size_t vector = vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width));
    WorkCounts counts;
    Packet packet;
    packet.kind = work.kind;
    packet.backbone = work.backbone;
    for (const WorkItem& item : work.items) {
        const std::size_t count = item.samples.size();
        const auto taps = static_cast<std::size_t>(layout.taps);
        packet.device = item.device;
        packet.packet = item.part;
        packet.samples.clear();
        for (const DeviceSample& sample : item.samples) packet.samples.push_back(sample.id);
        packet.taps.resize(taps * count * vector);
        packet.scales.resize(has_scale(layout.dtype) ? taps * count : 0);
        packet.residual.resize(count * static_cast<std::size_t>(layout.classes));
        packet.labels.resize(layout.labels ? count : 0);
        counts.samples += static_cast<std::int64_t>(count);
        emit.packet(encode_packet(packet, layout));
    }
    return counts;
}

}  // namespace mobi
