// SPDX-License-Identifier: Apache-2.0
#include "record/activation_store.hpp"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "hdf5/attribute.hpp"

namespace mobi::record {
namespace {

constexpr std::size_t kBlockChunkBytes = 1U << 20U;  // large: written whole, read in sequence
constexpr std::size_t kSmallChunkBytes = 1U << 16U;

std::string activation_path(const BackboneLayout& backbone, std::string_view name) {
    return fmt::format("/activations/{}/{}", backbone.name, name);
}

std::string evaluation_path(const BackboneLayout& backbone, std::string_view name) {
    return fmt::format("/evaluation/{}/{}", backbone.name, name);
}

bool has_scales(const BackboneLayout& backbone) {
    return backbone.dtype == Precision::Int8 || backbone.dtype == Precision::Int4;
}

DataType float_type() {
    return encoded_type(Precision::Fp32);
}

DataType int_type() {
    return {H5Tcopy(H5T_STD_I32LE), "copy a type"};
}

void create_activations(hid_t file, const RunLayout& layout, const BackboneLayout& backbone) {
    const std::size_t row_bytes = encoded_bytes(backbone.dtype, backbone.width);
    for (std::size_t k = 0; k < backbone.tap_layers.size(); ++k) {
        const std::string block = activation_path(backbone, fmt::format("block_{}", k + 1));
        const DataSet taps = create_growing(file, block, encoded_type(backbone.dtype),
                                            encoded_width(backbone.dtype, backbone.width),
                                            rows_per_chunk(row_bytes, kBlockChunkBytes));
        describe(taps.get(), "Uploaded vectors of one tapped layer, in wire precision", "1");
        write_number(taps.get(), "layer", backbone.tap_layers[k]);
        write_number(taps.get(), "width", backbone.width);
        write_text(taps.get(), "encoding", encoding_name(backbone.dtype));
        if (!has_scales(backbone)) continue;
        const DataSet scale = create_growing(file, block + "_scale", float_type(), 0,
                                             rows_per_chunk(sizeof(float), kSmallChunkBytes));
        describe(scale.get(), "What the codes of a vector are multiplied with", "1");
    }
    const DataSet residual = create_growing(
        file, activation_path(backbone, "residual"), float_type(), layout.classes,
        rows_per_chunk(sizeof(float) * static_cast<std::size_t>(layout.classes), kSmallChunkBytes));
    describe(residual.get(), "Backbone output minus label, as uploaded", "1");
    const std::int64_t rows = rows_per_chunk(sizeof(std::int32_t), kSmallChunkBytes);
    const DataSet samples =
        create_growing(file, activation_path(backbone, "samples"), int_type(), 0, rows);
    describe(samples.get(), "Row of /samples", "1");
    const DataSet upload =
        create_growing(file, activation_path(backbone, "upload"), int_type(), 0, rows);
    describe(upload.get(), "Row of /uploads, in order of arrival", "1");
}

/// A matrix of one row per test sample.  Its space is there from the beginning (a hole in the file
/// until it is written), so that writing changes no metadata under the eyes of a reader.
DataSet create_test_matrix(hid_t file,
                           const std::string& path,
                           std::int64_t rows,
                           std::int64_t width,
                           bool fill_with_nan) {
    const std::string what = fmt::format("create {}", path);
    const std::array<hsize_t, 2> size{static_cast<hsize_t>(rows), static_cast<hsize_t>(width)};
    const DataSpace space(H5Screate_simple(2, size.data(), nullptr), what);
    const PropertyList creation(H5Pcreate(H5P_DATASET_CREATE), what);
    check_hdf5(H5Pset_obj_track_times(creation.get(), false), what);
    check_hdf5(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY), what);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    if (fill_with_nan)
        check_hdf5(H5Pset_fill_value(creation.get(), H5T_NATIVE_FLOAT, &nan), what);
    else
        check_hdf5(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), what);
    return {H5Dcreate2(file, path.c_str(), float_type().get(), space.get(), H5P_DEFAULT,
                       creation.get(), H5P_DEFAULT),
            what};
}

void create_evaluation(hid_t file, const RunLayout& layout, const BackboneLayout& backbone) {
    const std::string path = fmt::format("/evaluation/{}", backbone.name);
    const Group group(H5Gcreate2(file, path.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                      fmt::format("create {}", path));
    for (std::size_t k = 0; k < backbone.tap_layers.size(); ++k) {
        const DataSet taps =
            create_test_matrix(file, evaluation_path(backbone, fmt::format("block_{}", k + 1)),
                               layout.test_samples, backbone.width, false);
        describe(taps.get(), "Vectors of one tapped layer, of every test sample", "1");
        write_number(taps.get(), "layer", backbone.tap_layers[k]);
        write_number(taps.get(), "width", backbone.width);
        write_text(taps.get(), "encoding", encoding_name(Precision::Fp32));
    }
    const DataSet output = create_test_matrix(file, evaluation_path(backbone, "output"),
                                              layout.test_samples, layout.classes, true);
    describe(output.get(), "Backbone output of every test sample; NaN: not there", "1");
}

}  // namespace

void create_activation_groups(hid_t file, const RunLayout& layout) {
    for (const BackboneLayout& backbone : layout.backbones) {
        const std::string path = fmt::format("/activations/{}", backbone.name);
        const Group group(H5Gcreate2(file, path.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                          fmt::format("create {}", path));
        write_numbers(group.get(), "layers", backbone.tap_layers);
        write_number(group.get(), "width", backbone.width);
        write_text(group.get(), "encoding", encoding_name(backbone.dtype));
        if (!layout.activations) continue;
        create_activations(file, layout, backbone);
        create_evaluation(file, layout, backbone);
    }
}

ActivationStore::ActivationStore(hid_t file, const RunLayout& layout, std::int32_t backbone)
    : residual_(file,
                activation_path(layout.backbones[static_cast<std::size_t>(backbone)], "residual")),
      samples_(file,
               activation_path(layout.backbones[static_cast<std::size_t>(backbone)], "samples")),
      upload_(file,
              activation_path(layout.backbones[static_cast<std::size_t>(backbone)], "upload")) {
    const BackboneLayout& type = layout.backbones[static_cast<std::size_t>(backbone)];
    for (std::size_t k = 1; k <= type.tap_layers.size(); ++k) {
        blocks_.emplace_back(file, activation_path(type, fmt::format("block_{}", k)));
        if (has_scales(type))
            scales_.emplace_back(file, activation_path(type, fmt::format("block_{}_scale", k)));
    }
}

void ActivationStore::append(const ActivationRows& rows) {
    const std::size_t count = rows.samples.size();
    if (count == 0) return;
    const std::span<const std::byte> taps(rows.taps);
    const auto scales = std::as_bytes(std::span(rows.scales));
    for (std::size_t k = 0; k < blocks_.size(); ++k) {
        const std::size_t bytes = count * blocks_[k].row_bytes();
        blocks_[k].append(taps.subspan(k * bytes, bytes));
    }
    for (std::size_t k = 0; k < scales_.size(); ++k)
        scales_[k].append(scales.subspan(k * count * sizeof(float), count * sizeof(float)));
    residual_.append(std::as_bytes(std::span(rows.residual)));
    samples_.append(std::as_bytes(std::span(rows.samples)));
    const std::vector<std::int32_t> uploads(count, rows.upload);
    upload_.append(std::as_bytes(std::span(uploads)));
}

template <typename Function>
void ActivationStore::for_each(Function function) {
    for (Appender& block : blocks_) function(block);
    for (Appender& scale : scales_) function(scale);
    function(residual_);
    function(samples_);
    function(upload_);
}

void ActivationStore::flush() {
    for_each([](Appender& appender) { appender.flush(); });
}

void ActivationStore::close() {
    for_each([](Appender& appender) { appender.close(); });
}

std::int64_t ActivationStore::written_bytes() const {
    std::int64_t bytes =
        residual_.written_bytes() + samples_.written_bytes() + upload_.written_bytes();
    for (const Appender& block : blocks_) bytes += block.written_bytes();
    for (const Appender& scale : scales_) bytes += scale.written_bytes();
    return bytes;
}

namespace {

DataSet open_dataset(hid_t file, const std::string& path) {
    return {H5Dopen2(file, path.c_str(), H5P_DEFAULT), fmt::format("open {}", path)};
}

}  // namespace

EvaluationStore::EvaluationStore(hid_t file, const RunLayout& layout, std::int32_t backbone)
    : output_{open_dataset(
                  file,
                  evaluation_path(layout.backbones[static_cast<std::size_t>(backbone)], "output")),
              evaluation_path(layout.backbones[static_cast<std::size_t>(backbone)], "output"),
              static_cast<std::size_t>(layout.classes)} {
    const BackboneLayout& type = layout.backbones[static_cast<std::size_t>(backbone)];
    for (std::size_t k = 1; k <= type.tap_layers.size(); ++k) {
        const std::string path = evaluation_path(type, fmt::format("block_{}", k));
        blocks_.push_back({open_dataset(file, path), path, static_cast<std::size_t>(type.width)});
    }
}

void EvaluationStore::write(const EvaluationTaps& taps) {
    for (std::size_t k = 0; k < blocks_.size(); ++k)
        write_rows(blocks_[k], taps.samples,
                   taps.taps.data() + k * taps.samples.size() * blocks_[k].width * sizeof(float));
    write_rows(output_, taps.samples, std::as_bytes(std::span(taps.output)).data());
}

void EvaluationStore::write_rows(const Matrix& matrix,
                                 const std::vector<std::int32_t>& samples,
                                 const std::byte* values) {
    const std::string what = fmt::format("write rows of {}", matrix.path);
    const DataSpace file_space(H5Dget_space(matrix.dataset.get()), what);
    for (std::size_t first = 0; first < samples.size();) {
        std::size_t last = first + 1;
        while (last < samples.size() && samples[last] == samples[last - 1] + 1) ++last;
        const std::array<hsize_t, 2> start{static_cast<hsize_t>(samples[first]), 0};
        const std::array<hsize_t, 2> count{last - first, matrix.width};
        const DataSpace memory(H5Screate_simple(2, count.data(), nullptr), what);
        check_hdf5(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr,
                                       count.data(), nullptr),
                   what);
        const std::size_t row_bytes = matrix.width * sizeof(float);
        check_hdf5(H5Dwrite(matrix.dataset.get(), H5T_IEEE_F32LE, memory.get(), file_space.get(),
                            H5P_DEFAULT, values + first * row_bytes),
                   what);
        written_bytes_ += static_cast<std::int64_t>((last - first) * row_bytes);
        first = last;
    }
}

void EvaluationStore::close() {
    for (Matrix& block : blocks_) block.dataset.close(fmt::format("close {}", block.path));
    output_.dataset.close(fmt::format("close {}", output_.path));
}

}  // namespace mobi::record
