// SPDX-License-Identifier: Apache-2.0
#include "record/sample_run.hpp"

#include <cstring>
#include <limits>
#include <span>

#include "hdf5/attribute.hpp"

namespace mobi::test {
namespace {

using namespace record;

constexpr std::int32_t kBackbones = 5;
constexpr std::int32_t kTrain = 40;
constexpr std::int32_t kTest = 7;
constexpr std::int32_t kUpdates = 2500;  // more than two chunks of 1024
constexpr std::int32_t kBatch = 4;
constexpr std::int32_t kPacketSamples = 3;

const double kNotKnown = std::numeric_limits<double>::quiet_NaN();

template <typename Function>
auto rows(std::int32_t count, Function row) {
    std::vector<decltype(row(0))> result;
    for (std::int32_t i = 0; i < count; ++i) result.push_back(row(i));
    return result;
}

template <typename T>
std::int8_t code(T value) {
    return static_cast<std::int8_t>(value);
}

}  // namespace

RunLayout sample_layout() {
    RunLayout layout;
    layout.config_text =
        "# a small run\n[run]\nseed = 18446744073709551615\n\n[backbone.b-fp32]\nwidth = 6\n";
    layout.seed = std::numeric_limits<std::uint64_t>::max();
    layout.profile_names = {"jetson_tx2", "phone, old"};
    layout.link_names = {"wifi_20"};
    layout.family_names = {"bert", "mpnet"};
    layout.class_names = {"noun.act", "noun.plant", "caf\xc3\xa9"};
    layout.classes = 3;
    layout.blocks = 2;
    layout.train_samples = kTrain;
    layout.test_samples = kTest;
    layout.backbones = {{"b-fp32", {2, 4}, 6, Precision::Fp32},
                        {"b-fp16", {0, 3}, 5, Precision::Fp16},
                        {"b-bf16", {1, 2}, 8, Precision::Bf16},
                        {"b-int8", {6, 12}, 7, Precision::Int8},
                        {"b-int4", {2, 3}, 9, Precision::Int4}};
    layout.weights = {{"W_dn.1", {2, 3}}, {"alpha.1", {}}, {"P.b-fp32.1", {4, 6}}};
    layout.library_versions = {{"libtorch", "1.13.0"}, {"mpi", "Open MPI 4.1.4"}};
    return layout;
}

std::vector<DeviceRow> sample_devices() {
    return rows(3, [](std::int32_t i) {
        return DeviceRow{i,
                         i % 2,
                         0,
                         i,
                         10 + i,
                         4 + i,
                         i,
                         1e9 + i,
                         2e9,
                         code(i != 1),
                         1e6,
                         2e6,
                         3e5 + i,
                         0.005,
                         0.001,
                         0.01,
                         i == 2 ? 7'000'000'000 : -1,
                         0.002,
                         1e-4 * i,
                         51,
                         1e12 + i,
                         6e10,
                         0.1};
    });
}

std::vector<BackboneRow> sample_backbones() {
    return rows(kBackbones, [](std::int32_t i) {
        return BackboneRow{i, i, i % 2, 3 + i, 8 * i, 2, 32, 30522, 1LL << 33, 2, 1, i % 3, i};
    });
}

std::vector<SampleRow> sample_samples() {
    return rows(kTrain, [](std::int32_t i) {
        return SampleRow{i, i % 4 - 1, i / 3, i % 3, 0.5F * static_cast<float>(i), 5 + i};
    });
}

std::vector<UploadRow> sample_uploads() {
    return rows(12, [](std::int32_t i) {
        UploadRow row{};
        row.upload = i;
        row.device = i % 3;
        row.packet = i / 3;
        row.samples = kPacketSamples;
        row.tokens = 30 + i;
        row.padded_tokens = 12;
        row.compute_start_ns = 1'000'000'000'000LL * i;
        row.compute_end_ns = row.compute_start_ns + 1;
        row.send_start_ns = row.compute_start_ns + 2;
        row.send_end_ns = row.compute_start_ns + 3;
        row.arrival_ns = row.compute_start_ns + 4;
        row.charged_bytes = 1LL << (20 + i);
        row.charged_flop = 1e9 / (i + 1);
        row.compute_energy_j = i % 2 == 0 ? 0.25 * i : kNotKnown;
        row.send_energy_j = kNotKnown;
        row.outcome = code(i % 3);
        return row;
    });
}

std::vector<DownloadRow> sample_downloads() {
    return rows(3, [](std::int32_t i) {
        return DownloadRow{i, 100 + i, 200 + i, 4096, i, i == 0 ? 0.5 : kNotKnown, 7 + i, i, 1};
    });
}

std::vector<UpdateRow> sample_updates() {
    return rows(kUpdates, [](std::int32_t i) {
        UpdateRow row{};
        row.update = i;
        row.kind = code(i % 2);
        row.device = i % 2 == 0 ? i % 3 : -1;
        row.upload = i % 2 == 0 ? i % 12 : -1;
        row.start_ns = 10LL * i;
        row.end_ns = 10LL * i + 9;
        row.inbox_samples = i;
        row.waiting_packets = i % 5;
        row.first_sample = static_cast<std::int64_t>(kBatch) * i;
        row.samples = kBatch;
        row.launches = 600 + i % 3;
        return row;
    });
}

std::vector<TrainingRow> sample_training() {
    return rows(kUpdates, [](std::int32_t i) {
        return TrainingRow{i, 1.0 / (i + 1), 0.1 * i, 1e-3 * (kUpdates - i) / kUpdates};
    });
}

std::vector<EvaluationRow> sample_evaluations() {
    return rows(2 * (kBackbones + 1), [](std::int32_t i) {
        const std::int32_t place = i % (kBackbones + 1);
        return EvaluationRow{100 * (i / (kBackbones + 1)),
                             place == kBackbones ? -1 : place,
                             1000LL * i,
                             70.0 + i,
                             60.0 + i,
                             0.5};
    });
}

std::vector<HostRow> sample_host() {
    return rows(7, [](std::int32_t i) {
        HostRow row{};
        row.rank = i % 2;
        row.phase = i;
        row.backbone = i % 6 - 1;
        row.wall_s = 0.5 * i;
        row.cpu_s = 0.25 * i;
        row.done_flop = 1e12 * i;
        row.tokens = 1000 * i;
        row.samples = 10 * i;
        row.wire_bytes = 1LL << 32;
        row.peak_rss_bytes = 1LL << 31;
        row.groups = 2;
        row.peak_flop_per_s = kNotKnown;
        row.threads = 2;
        row.queue_waits = i;
        return row;
    });
}

std::vector<std::int32_t> sample_update_samples() {
    return rows(kUpdates * kBatch, [](std::int32_t i) { return i * 7 % kTrain; });
}

std::vector<float> sample_gates() {
    return rows(kUpdates * 2, [](std::int32_t i) { return 1 / static_cast<float>(i + 1); });
}

std::vector<ActivationRows> sample_activations(std::int32_t backbone) {
    const RunLayout layout = sample_layout();
    const BackboneLayout& type = layout.backbones[static_cast<std::size_t>(backbone)];
    const std::size_t vectors = type.tap_layers.size() * kPacketSamples;
    std::vector<ActivationRows> packets;
    for (std::int32_t p = 0; p < 4; ++p) {
        ActivationRows packet;
        packet.backbone = backbone;
        packet.upload = p * 2 + backbone % 2;
        for (std::int32_t s = 0; s < kPacketSamples; ++s)
            packet.samples.push_back((p * kPacketSamples + s) * 3 % kTrain);
        packet.taps.resize(vectors * encoded_bytes(type.dtype, type.width));
        for (std::size_t i = 0; i < packet.taps.size(); ++i) {
            auto value = static_cast<std::uint8_t>(
                (static_cast<std::size_t>(backbone * 31 + p * 7) + i) % 251);
            if (type.dtype == Precision::Fp32 && i % 4 == 3) value = 0x3f;
            if (type.dtype == Precision::Fp16 && i % 2 == 1) value = value & 0xbfU;
            if (type.dtype == Precision::Bf16 && i % 2 == 1) value = value & 0xbfU;
            packet.taps[i] = std::byte{value};
        }
        if (type.dtype == Precision::Int8 || type.dtype == Precision::Int4)
            for (std::size_t i = 0; i < vectors; ++i)
                packet.scales.push_back(0.25F * static_cast<float>(i + 1));
        for (std::size_t i = 0; i < kPacketSamples * 3; ++i)
            packet.residual.push_back(static_cast<float>(p) - static_cast<float>(i) / 3);
        packets.push_back(packet);
    }
    return packets;
}

std::vector<EvaluationTaps> sample_evaluation(std::int32_t backbone) {
    const RunLayout layout = sample_layout();
    const BackboneLayout& type = layout.backbones[static_cast<std::size_t>(backbone)];
    std::vector<EvaluationTaps> portions(2);
    portions[0].samples = {5, 6, 0};
    portions[1].samples = {1, 2, 4, 3};
    for (EvaluationTaps& portion : portions) {
        portion.backbone = backbone;
        std::vector<float> taps;
        for (std::size_t k = 0; k < type.tap_layers.size(); ++k)
            for (const std::int32_t sample : portion.samples)
                for (std::int32_t i = 0; i < type.width; ++i)
                    taps.push_back(static_cast<float>(backbone) + 100 * static_cast<float>(k) +
                                   10 * static_cast<float>(sample) + static_cast<float>(i) / 16);
        const auto bytes = std::as_bytes(std::span(taps));
        portion.taps.assign(bytes.begin(), bytes.end());
        for (const std::int32_t sample : portion.samples)
            for (std::int32_t c = 0; c < layout.classes; ++c)
                portion.output.push_back(static_cast<float>(sample) - static_cast<float>(c));
    }
    return portions;
}

Truth sample_truth() {
    return {3, {0, 1, 2, 0, 1, 2, 0}, {}};
}

Weights sample_weights(WeightState state, const std::string& name) {
    Weights weights{state, name, {}};
    const RunLayout layout = sample_layout();
    std::int64_t size = 1;
    for (const std::int64_t length : layout.weights.at(name)) size *= length;
    for (std::int64_t i = 0; i < size; ++i)
        weights.values.push_back((state == WeightState::Final ? 0.5F : 0) + static_cast<float>(i));
    return weights;
}

Confusion sample_confusion(std::int32_t backbone) {
    Confusion confusion{backbone, {}};
    for (std::int32_t i = 0; i < 9; ++i) confusion.counts.push_back(backbone * 10 + i);
    return confusion;
}

std::vector<Record> sample_records() {
    std::vector<Record> records{sample_devices(), sample_backbones(), sample_samples(),
                                sample_truth()};
    for (const WeightState state : {WeightState::Initial, WeightState::Final})
        for (const auto& [name, shape] : sample_layout().weights)
            records.emplace_back(sample_weights(state, name));
    for (std::int32_t b = 0; b < kBackbones; ++b) {
        for (EvaluationTaps& portion : sample_evaluation(b))
            records.emplace_back(std::move(portion));
        for (ActivationRows& packet : sample_activations(b))
            records.emplace_back(std::move(packet));
        records.emplace_back(sample_confusion(b));
    }
    for (const UploadRow& row : sample_uploads()) records.emplace_back(row);
    const std::vector<std::int32_t> ids = sample_update_samples();
    const std::vector<float> gates = sample_gates();
    const std::vector<TrainingRow> training = sample_training();
    for (const UpdateRow& row : sample_updates()) {  // one by one, as a run does
        records.emplace_back(row);
        const auto first = ids.begin() + row.first_sample;
        records.emplace_back(UpdateSamples{{first, first + row.samples}});
        records.emplace_back(training[static_cast<std::size_t>(row.update)]);
        const auto gate = gates.begin() + 2 * row.update;
        records.emplace_back(TrainingGates{{gate, gate + 2}});
    }
    records.emplace_back(sample_evaluations());
    records.emplace_back(sample_downloads());
    records.emplace_back(sample_host());
    return records;
}

}  // namespace mobi::test
