// SPDX-License-Identifier: Apache-2.0
#include "server/log_source.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "server/logged_packets.hpp"

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
    evaluation_ = logged_evaluation(reader, plan);
}

Payload LogSource::take(std::int64_t index) {
    const Delivery& delivery = deliveries_[static_cast<std::size_t>(index)];
    const auto backbone = static_cast<std::size_t>(delivery.backbone);
    return logged_packet(
        delivery, plan_.backbones[backbone].layout, activations_[backbone],
        [&](std::size_t i) { return row_of_sample_[backbone].at(delivery.samples[i]); },
        [&](std::int32_t id) { return label_of_sample_[static_cast<std::size_t>(id)]; });
}

std::uint64_t LogSource::content_key() const {
    const auto key_of = [](const auto& values) {
        const auto bytes = std::as_bytes(std::span(values));
        return text_key({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    };
    std::vector<std::uint64_t> keys{key_of(label_of_sample_)};
    for (const record::Activations& log : activations_) {
        keys.push_back(key_of(log.samples));
        keys.push_back(key_of(log.residual));
        for (const Bytes& taps : log.taps) keys.push_back(key_of(taps));
        for (const std::vector<float>& scales : log.scales) keys.push_back(key_of(scales));
    }
    return key_of(keys);
}

void LogSource::archive(Archive& archive) {
    if (!content_key_) content_key_ = content_key();
    std::uint64_t key = *content_key_;
    archive(key);
    if (key != *content_key_)
        throw DataError(
            "--resume: the replay was begun from another run file, with other activations; go on "
            "with that one, or start over with --overwrite");
}

}  // namespace mobi
