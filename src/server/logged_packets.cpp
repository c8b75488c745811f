// SPDX-License-Identifier: Apache-2.0
#include "server/logged_packets.hpp"

#include <cstring>
#include <utility>

#include "wire/codec.hpp"

namespace mobi {

Packet logged_packet(const Delivery& delivery,
                     const PacketLayout& layout,
                     const record::Activations& log,
                     const std::function<std::int64_t(std::size_t i)>& row_of,
                     const std::function<std::int32_t(std::int32_t sample)>& label_of) {
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
        const auto row = static_cast<std::size_t>(row_of(i));
        for (std::size_t tap = 0; tap < static_cast<std::size_t>(layout.taps); ++tap) {
            std::memcpy(packet.taps.data() + (tap * count + i) * vector,
                        log.taps[tap].data() + row * vector, vector);
            if (!packet.scales.empty()) packet.scales[tap * count + i] = log.scales[tap][row];
        }
        const auto first = log.residual.begin() + static_cast<std::ptrdiff_t>(row) * layout.classes;
        packet.residual.insert(packet.residual.end(), first, first + layout.classes);
        if (layout.labels) packet.labels.push_back(label_of(packet.samples[i]));
    }
    return packet;
}

std::shared_ptr<EvaluationData> logged_evaluation(const record::RunReader& reader,
                                                  const FleetPlan& plan) {
    Truth truth = reader.evaluation_truth();
    if (truth.empty()) return nullptr;
    auto evaluation = std::make_shared<EvaluationData>();
    evaluation->truth = std::move(truth);
    evaluation->validation = reader.layout().validation_samples;
    evaluation->backbones.resize(plan.backbones.size());
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        if (plan.backbones[k].devices == 0) continue;
        const record::StoredEvaluation data = reader.evaluation(static_cast<std::int32_t>(k));
        EvaluationData::Backbone& backbone = evaluation->backbones[k];
        for (const std::vector<float>& tap : data.taps)
            backbone.taps.insert(backbone.taps.end(), tap.begin(), tap.end());
        backbone.output = data.output;
        backbone.width = plan.backbones[k].layout.width;
    }
    return evaluation;
}

}  // namespace mobi
