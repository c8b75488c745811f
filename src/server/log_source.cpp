// SPDX-License-Identifier: Apache-2.0
#include "server/log_source.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/error.hpp"
#include "wire/codec.hpp"

namespace mobi {

LogSource::LogSource(const record::RunReader& reader,
                     const FleetPlan& plan,
                     std::span<const Delivery> deliveries)
    : deliveries_(deliveries),
      plan_(plan),
      row_of_sample_(plan.backbones.size()),
      label_of_sample_(plan.samples.size(), 0) {
    for (const record::SampleRow& row : reader.rows<record::SampleRow>())
        label_of_sample_[static_cast<std::size_t>(row.sample)] = row.label;
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        activations_.push_back(reader.activations(static_cast<std::int32_t>(k)));
        const std::vector<std::int32_t>& samples = activations_.back().samples;
        for (std::size_t row = 0; row < samples.size(); ++row)
            row_of_sample_[k].emplace(samples[row], static_cast<std::int64_t>(row));
    }
    for (const Delivery& delivery : deliveries)
        for (const std::int32_t id : delivery.samples)
            if (!row_of_sample_[static_cast<std::size_t>(delivery.backbone)].contains(id))
                throw DataError(fmt::format("the run file has no activations of sample {}", id));
    load_evaluation(reader);
}

void LogSource::load_evaluation(const record::RunReader& reader) {
    Truth truth = reader.evaluation_truth();
    if (truth.empty()) return;
    evaluation_ = std::make_shared<EvaluationData>();
    evaluation_->truth = std::move(truth);
    evaluation_->backbones.resize(plan_.backbones.size());
    for (std::size_t k = 0; k < plan_.backbones.size(); ++k) {
        if (plan_.backbones[k].devices == 0) continue;
        const record::StoredEvaluation data = reader.evaluation(static_cast<std::int32_t>(k));
        EvaluationData::Backbone& backbone = evaluation_->backbones[k];
        for (const std::vector<float>& tap : data.taps)
            backbone.taps.insert(backbone.taps.end(), tap.begin(), tap.end());
        backbone.output = data.output;
        backbone.width = plan_.backbones[k].layout.width;
    }
}

Payload LogSource::take(std::int64_t index) {
    const Delivery& delivery = deliveries_[static_cast<std::size_t>(index)];
    const auto backbone = static_cast<std::size_t>(delivery.backbone);
    const record::Activations& log = activations_[backbone];
    const PacketLayout& layout = plan_.backbones[backbone].layout;
    const std::size_t vector = vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width));
    const std::size_t count = delivery.samples.size();
    Packet packet;
    packet.device = delivery.device;
    packet.backbone = delivery.backbone;
    packet.packet = delivery.packet;
    packet.samples = delivery.samples;
    packet.taps.resize(static_cast<std::size_t>(layout.taps) * count * vector);
    if (has_scale(layout.dtype))
        packet.scales.resize(static_cast<std::size_t>(layout.taps) * count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(row_of_sample_[backbone].at(packet.samples[i]));
        for (std::size_t tap = 0; tap < static_cast<std::size_t>(layout.taps); ++tap) {
            std::memcpy(packet.taps.data() + (tap * count + i) * vector,
                        log.taps[tap].data() + row * vector, vector);
            if (!packet.scales.empty()) packet.scales[tap * count + i] = log.scales[tap][row];
        }
        const auto first = log.residual.begin() + static_cast<std::ptrdiff_t>(row) * layout.classes;
        packet.residual.insert(packet.residual.end(), first, first + layout.classes);
        if (layout.labels)
            packet.labels.push_back(label_of_sample_[static_cast<std::size_t>(packet.samples[i])]);
    }
    return packet;
}

}  // namespace mobi
