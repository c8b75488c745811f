// SPDX-License-Identifier: Apache-2.0
#include "messages/worker_setup.hpp"

#include "core/error.hpp"
#include "messages/flag.hpp"

namespace mobi {
namespace {

template <typename Enum>
void put_enum(ByteWriter& writer, Enum value) {
    writer.put(static_cast<std::int32_t>(value));
}

template <typename Enum>
Enum get_enum(ByteReader& reader, Enum last) {
    const auto value = reader.get<std::int32_t>();
    if (value < 0 || value > static_cast<std::int32_t>(last))
        throw TransportError("worker setup: an enumerator out of range");
    return static_cast<Enum>(value);
}

}  // namespace

Bytes encode_setup(const WorkerSetup& setup) {
    ByteWriter writer;
    writer.put_text(setup.method);
    writer.put(setup.seed);
    writer.put(setup.classes);
    writer.put(setup.threads);
    writer.put(static_cast<std::uint8_t>(setup.forward));
    writer.put(static_cast<std::uint8_t>(setup.measure_peak));
    put_enum(writer, setup.arithmetic);
    writer.put(setup.batch_tokens);
    put_enum(writer, setup.residual.output);
    put_enum(writer, setup.residual.head);
    writer.put_text(setup.cache);
    writer.put(static_cast<std::uint32_t>(setup.backbones.size()));
    for (const WorkerSetup::Backbone& backbone : setup.backbones) {
        writer.put_text(backbone.parameters.name);
        writer.put_text(backbone.parameters.path);
        writer.put(static_cast<std::int32_t>(backbone.parameters.layers));
        put_enum(writer, backbone.parameters.weights);
        put_enum(writer, backbone.parameters.weight_dtype);
        writer.put(static_cast<std::uint8_t>(backbone.parameters.resident_embedding));
        put_enum(writer, backbone.pivot);
        writer.put(static_cast<std::uint32_t>(backbone.tap_layers.size()));
        writer.put_all(std::span<const std::int32_t>(backbone.tap_layers));
        put_enum(writer, backbone.layout.dtype);
        writer.put(backbone.layout.taps);
        writer.put(backbone.layout.width);
        writer.put(backbone.layout.classes);
        writer.put(static_cast<std::uint8_t>(backbone.layout.labels));
        writer.put(static_cast<std::uint32_t>(backbone.class_words.size()));
        writer.put_all(std::span<const std::int32_t>(backbone.class_words));
    }
    return writer.take();
}

WorkerSetup decode_setup(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "worker setup");
    WorkerSetup setup;
    setup.method = reader.get_text();
    setup.seed = reader.get<std::uint64_t>();
    setup.classes = reader.get<std::int32_t>();
    setup.threads = reader.get<std::int32_t>();
    setup.forward = get_flag(reader, "worker setup");
    setup.measure_peak = get_flag(reader, "worker setup");
    setup.arithmetic = get_enum(reader, Precision::Int4);
    setup.batch_tokens = reader.get<std::int32_t>();
    setup.residual.output = get_enum(reader, ResidualOutput::Zero);
    setup.residual.head = get_enum(reader, ResidualHeadKind::None);
    setup.cache = reader.get_text();
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t i = 0; i < count; ++i) {
        WorkerSetup::Backbone backbone;
        backbone.parameters.name = reader.get_text();
        backbone.parameters.path = reader.get_text();
        backbone.parameters.layers = reader.get<std::int32_t>();
        backbone.parameters.weights = get_enum(reader, WeightSource::Random);
        backbone.parameters.weight_dtype = get_enum(reader, Precision::Int4);
        backbone.parameters.resident_embedding = get_flag(reader, "worker setup");
        backbone.pivot = get_enum(reader, Pivot::Mean);
        backbone.tap_layers = reader.get_all<std::int32_t>(reader.get<std::uint32_t>());
        backbone.layout.dtype = get_enum(reader, Precision::Int4);
        backbone.layout.taps = reader.get<std::int32_t>();
        backbone.layout.width = reader.get<std::int32_t>();
        backbone.layout.classes = reader.get<std::int32_t>();
        backbone.layout.labels = get_flag(reader, "worker setup");
        backbone.class_words = reader.get_all<std::int32_t>(reader.get<std::uint32_t>());
        setup.backbones.push_back(std::move(backbone));
    }
    reader.finish();
    return setup;
}

}  // namespace mobi
