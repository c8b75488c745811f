// SPDX-License-Identifier: Apache-2.0
#include "method/side/inbox.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/check.hpp"
#include "wire/codec.hpp"

namespace mobi {

SourceMap::SourceMap(const FleetPlan& plan, ProjectionScope scope)
    : source_of_device_(plan.devices.size(), -1), sources_of_backbone_(plan.backbones.size()) {
    if (scope != ProjectionScope::DeviceLayer)
        for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
            sources_of_backbone_[k].push_back(static_cast<std::int32_t>(k));
            backbone_of_source_.push_back(static_cast<std::int32_t>(k));
            sources_.push_back({plan.backbones[k].name, plan.backbones[k].layout.width});
        }
    for (const DevicePlan& device : plan.devices) {
        const auto backbone = static_cast<std::size_t>(device.backbone);
        std::int32_t& source = source_of_device_[static_cast<std::size_t>(device.id)];
        source = device.backbone;
        if (scope != ProjectionScope::DeviceLayer || !device.admitted) continue;
        source = static_cast<std::int32_t>(sources_.size());
        sources_of_backbone_[backbone].push_back(source);
        backbone_of_source_.push_back(device.backbone);
        sources_.push_back(
            {fmt::format("device_{}", device.id), plan.backbones[backbone].layout.width});
    }
}

Inbox::Inbox(const FleetPlan& plan, const SourceMap& sources, std::int32_t classes)
    : places_(plan.samples.size()), there_(plan.samples.size()), classes_(classes) {
    std::vector<std::int64_t> rows(plan.backbones.size(), 0);
    for (const DevicePlan& device : plan.devices) {
        if (!device.admitted) continue;
        const auto backbone = static_cast<std::size_t>(device.backbone);
        for (const std::int32_t id : device.samples)
            places_[static_cast<std::size_t>(id)] = {device.backbone, sources.of_device(device.id),
                                                     rows[backbone]++};
    }
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        Store store;
        store.layout = plan.backbones[k].layout;
        const auto taps = static_cast<std::size_t>(store.layout.taps);
        const auto count = static_cast<std::size_t>(rows[k]);
        store.row_bytes =
            taps * vector_bytes(store.layout.dtype, static_cast<std::size_t>(store.layout.width));
        store.taps = ZeroedArray<std::byte>(count * store.row_bytes);
        store.scales = ZeroedArray<float>(has_scale(store.layout.dtype) ? count * taps : 0);
        store.residual = ZeroedArray<float>(count * static_cast<std::size_t>(classes));
        store.labels = ZeroedArray<std::int32_t>(store.layout.labels ? count : 0);
        stores_.push_back(std::move(store));
    }
}

std::size_t Inbox::allocated_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const Store& store : stores_)
        bytes += store.taps.size() + 4 * (store.scales.size() + store.residual.size());
    return bytes;
}

std::vector<std::int32_t> Inbox::insert(const Packet& packet) {
    std::vector<std::int32_t> added;
    Store& store = stores_[static_cast<std::size_t>(packet.backbone)];
    const auto taps = static_cast<std::size_t>(store.layout.taps);
    const std::size_t count = packet.samples.size();
    const std::size_t vector = store.row_bytes / taps;
    const auto classes = static_cast<std::size_t>(classes_);
    for (std::size_t i = 0; i < count; ++i) {
        const Place& place = places_.at(static_cast<std::size_t>(packet.samples[i]));
        MOBI_CHECK(place.backbone == packet.backbone && place.row >= 0,
                   "sample {} came with backbone {}, planned with {}", packet.samples[i],
                   packet.backbone, place.backbone);
        // A later pass brings the same numbers but for the rounding of another batch.
        if (std::exchange(there_[static_cast<std::size_t>(packet.samples[i])], true)) continue;
        added.push_back(packet.samples[i]);
        const auto row = static_cast<std::size_t>(place.row);
        for (std::size_t tap = 0; tap < taps; ++tap) {  // the wire is tap-major, a row is not
            std::memcpy(store.taps.data() + row * store.row_bytes + tap * vector,
                        packet.taps.data() + (tap * count + i) * vector, vector);
            if (!store.scales.empty())
                store.scales[row * taps + tap] = packet.scales[tap * count + i];
        }
        std::copy_n(packet.residual.begin() + static_cast<std::ptrdiff_t>(i * classes), classes,
                    store.residual.begin() + static_cast<std::ptrdiff_t>(row * classes));
        if (!store.labels.empty()) store.labels[row] = packet.labels[i];
    }
    return added;
}

void Inbox::decode_row(const Store& store,
                       std::int64_t row,
                       float* taps,
                       std::int64_t column,
                       std::int64_t batch) const {
    const auto count = static_cast<std::size_t>(store.layout.taps);
    const auto width = static_cast<std::size_t>(store.layout.width);
    const std::size_t vector = store.row_bytes / count;
    for (std::size_t tap = 0; tap < count; ++tap) {
        const auto at = static_cast<std::size_t>(row);
        const auto codes =
            std::span(store.taps).subspan(at * store.row_bytes + tap * vector, vector);
        const auto scales = store.scales.empty()
                                ? std::span<const float>()
                                : std::span(store.scales).subspan(at * count + tap, 1);
        const std::size_t target =
            (tap * static_cast<std::size_t>(batch) + static_cast<std::size_t>(column)) * width;
        decode_vectors(store.layout.dtype, codes, scales, width, {taps + target, width});
    }
}

std::int32_t Inbox::class_of(std::int32_t sample) const {
    const Place& place = places_.at(static_cast<std::size_t>(sample));
    MOBI_CHECK(place.row >= 0, "sample {} is on no admitted device", sample);
    const Store& store = stores_[static_cast<std::size_t>(place.backbone)];
    if (!store.labels.empty()) return store.labels[static_cast<std::size_t>(place.row)];
    const auto first = store.residual.begin() + place.row * classes_;
    return static_cast<std::int32_t>(std::min_element(first, first + classes_) - first);
}

TrainingBatch Inbox::gather(std::span<const std::int32_t> samples) const {
    std::map<std::int32_t, std::vector<Place>> by_source;  // increasing source: a fixed order
    std::map<std::int32_t, std::vector<std::size_t>> order;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Place& place = places_.at(static_cast<std::size_t>(samples[i]));
        MOBI_CHECK(place.row >= 0, "sample {} is on no admitted device", samples[i]);
        by_source[place.source].push_back(place);
        order[place.source].push_back(i);
    }
    TrainingBatch batch;
    const auto total = static_cast<std::int64_t>(samples.size());
    batch.residual = torch::empty({total, classes_}, torch::kFloat32);
    const bool labelled = !stores_.empty() && stores_.front().layout.labels;
    if (labelled) batch.labels = torch::empty({total}, torch::kInt64);
    float* residual = batch.residual.data_ptr<float>();
    std::int64_t done = 0;
    for (const auto& [source, places] : by_source) {
        const Store& store = stores_[static_cast<std::size_t>(places.front().backbone)];
        const auto rows = static_cast<std::int64_t>(places.size());
        SideInput part{
            source, torch::empty({store.layout.taps, rows, store.layout.width}, torch::kFloat32)};
        float* const taps = part.taps.data_ptr<float>();
        for (std::int64_t i = 0; i < rows; ++i, ++done) {
            const std::int64_t row = places[static_cast<std::size_t>(i)].row;
            decode_row(store, row, taps, i, rows);
            std::copy_n(store.residual.data() + row * classes_, classes_,
                        residual + done * classes_);
            if (labelled)
                batch.labels.data_ptr<std::int64_t>()[done] =
                    store.labels[static_cast<std::size_t>(row)];
        }
        batch.parts.push_back(std::move(part));
        batch.order.insert(batch.order.end(), order[source].begin(), order[source].end());
    }
    return batch;
}

}  // namespace mobi
