// SPDX-License-Identifier: Apache-2.0
#include "record/records.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "hdf5/attribute.hpp"

namespace mobi::record {
namespace {

template <typename T>
std::size_t payload(const std::vector<T>& values) {
    return values.size() * sizeof(T);
}

struct Payload {
    template <typename Row>
    std::size_t operator()(const Row& /*row*/) const {
        return 0;
    }
    template <typename Row>
    std::size_t operator()(const std::vector<Row>& rows) const {
        return payload(rows);
    }
    std::size_t operator()(const UpdateSamples& r) const { return payload(r.samples); }
    std::size_t operator()(const TrainingGates& r) const { return payload(r.gates); }
    std::size_t operator()(const ActivationRows& r) const {
        return payload(r.samples) + payload(r.taps) + payload(r.scales) + payload(r.residual);
    }
    std::size_t operator()(const EvaluationTaps& r) const {
        return payload(r.samples) + payload(r.taps) + payload(r.output);
    }
    std::size_t operator()(const Truth& r) const { return payload(r.labels) + payload(r.targets); }
    std::size_t operator()(const Weights& r) const { return payload(r.values); }
    std::size_t operator()(const Confusion& r) const { return payload(r.counts); }
    std::size_t operator()(const Checkpoint& r) const { return payload(r.state); }
};

/// Throws Bug unless `size` is what the layout asks for.
void expect(std::size_t size, std::size_t expected, std::string_view what) {
    MOBI_CHECK(size == expected, "{}: {} values, the layout asks for {}", what, size, expected);
}

struct Checker {
    const RunLayout& layout;

    std::size_t classes() const { return static_cast<std::size_t>(layout.classes); }

    const BackboneLayout& backbone(std::int32_t index) const {
        MOBI_CHECK(index >= 0 && static_cast<std::size_t>(index) < layout.backbones.size(),
                   "backbone {} of {}", index, layout.backbones.size());
        return layout.backbones[static_cast<std::size_t>(index)];
    }

    template <typename Rows>
    void operator()(const Rows& /*rows*/) const {}

    void operator()(const TrainingGates& r) const {
        MOBI_CHECK(
            layout.blocks > 0 && r.gates.size() % static_cast<std::size_t>(layout.blocks) == 0,
            "{} gate values for {} blocks", r.gates.size(), layout.blocks);
    }
    void operator()(const ActivationRows& r) const {
        const BackboneLayout& type = backbone(r.backbone);
        const std::size_t vectors = type.tap_layers.size() * r.samples.size();
        const bool scaled = type.dtype == Precision::Int8 || type.dtype == Precision::Int4;
        expect(r.taps.size(), vectors * encoded_bytes(type.dtype, type.width), "taps of a packet");
        expect(r.scales.size(), scaled ? vectors : 0, "scales of a packet");
        expect(r.residual.size(), r.samples.size() * classes(), "residual of a packet");
    }
    void operator()(const EvaluationTaps& r) const {
        const BackboneLayout& type = backbone(r.backbone);
        const std::size_t vectors = type.tap_layers.size() * r.samples.size();
        expect(r.taps.size(), vectors * encoded_bytes(Precision::Fp32, type.width), "test taps");
        expect(r.output.size(), r.samples.size() * classes(), "test outputs");
        for (const std::int32_t sample : r.samples)
            MOBI_CHECK(sample >= 0 && sample < layout.test_samples, "test sample {} of {}", sample,
                       layout.test_samples);
    }
    void operator()(const Truth& r) const {
        const auto samples = static_cast<std::size_t>(layout.test_samples);
        expect(r.labels.size(), samples, "test labels");
        if (!r.targets.empty()) expect(r.targets.size(), samples, "test targets");
    }
    void operator()(const Weights& r) const {
        MOBI_CHECK(r.state != WeightState::Best || layout.validation_samples > 0,
                   "the best weights of a run without validation set");
        const auto found = layout.weights.find(r.name);
        MOBI_CHECK(found != layout.weights.end(), "no tensor '{}' was laid out", r.name);
        std::int64_t size = 1;
        for (const std::int64_t length : found->second) size *= length;
        expect(r.values.size(), static_cast<std::size_t>(size), r.name);
    }
    void operator()(const Confusion& r) const {
        backbone(r.backbone);
        expect(r.counts.size(), classes() * classes(), "confusion matrix");
    }
};

}  // namespace

std::size_t bytes_of(const Record& record) {
    return sizeof(Record) + std::visit(Payload{}, record);
}

void check_record(const RunLayout& layout, const Record& record) {
    std::visit(Checker{layout}, record);
}

}  // namespace mobi::record
