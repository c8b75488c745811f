// SPDX-License-Identifier: Apache-2.0
#include "record/activation_store.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "hdf5/attribute.hpp"
#include "hdf5/stored_array.hpp"
#include "record/temporary_folder.hpp"

namespace mobi::test {
namespace {

using namespace record;

constexpr Precision kPrecisions[] = {Precision::Fp32, Precision::Fp16, Precision::Bf16,
                                     Precision::Int8, Precision::Int4};

bool has_scales(Precision precision) {
    return precision == Precision::Int8 || precision == Precision::Int4;
}

/// Two backbones of random width and taps, in the given precision.
RunLayout random_layout(RandomStream& stream, Precision precision) {
    RunLayout layout;
    layout.classes = static_cast<std::int32_t>(1 + stream.below(5));
    layout.test_samples = static_cast<std::int64_t>(1 + stream.below(30));
    for (const char* name : {"one", "other"}) {
        BackboneLayout backbone{
            name, {}, static_cast<std::int32_t>(1 + stream.below(33)), precision};
        const auto taps = static_cast<std::int32_t>(1 + stream.below(4));
        for (std::int32_t k = 0; k < taps; ++k) backbone.tap_layers.push_back(3 * k);
        layout.backbones.push_back(backbone);
    }
    return layout;
}

std::vector<float> random_floats(RandomStream& stream, std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(stream.normal());
    return values;
}

class ActivationStoreTest : public ::testing::Test {
  protected:
    File create(const RunLayout& layout) {
        prepare_hdf5();
        File file(H5Fcreate((folder_ / "run.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                  "create");
        for (const char* path : {"/activations", "/evaluation"})
            const Group group(H5Gcreate2(file.get(), path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                              path);
        create_activation_groups(file.get(), layout);
        return file;
    }

    template <typename T>
    static std::vector<T> read(const File& file, const std::string& path, hid_t type) {
        return StoredArray(file.get(), path, "run.h5").read_all<T>(type);
    }
    static Bytes read_bytes(const File& file, const std::string& path) {
        const StoredArray array(file.get(), path, "run.h5");
        Bytes bytes(static_cast<std::size_t>(array.rows() * array.row_elements()) *
                    H5Tget_size(array.type()));
        array.read(array.type(), 0, array.rows(), bytes.data());
        return bytes;
    }

    TemporaryFolder folder_;
};

// Packets are tap-major, the datasets sample by sample: what comes back is every packet's k-th
// part, one after another.
TEST_F(ActivationStoreTest, PacketsAreDealtToTheirBlocks) {
    for (const Precision precision : kPrecisions)
        for (std::uint32_t round = 0; round < 6; ++round) {
            SCOPED_TRACE(fmt::format("{} {}", encoding_name(precision), round));
            RandomStream stream(6, Purpose::Test, static_cast<std::uint64_t>(precision), round);
            const RunLayout layout = random_layout(stream, precision);
            const File file = create(layout);
            const std::int32_t chosen = static_cast<std::int32_t>(stream.below(2));
            const BackboneLayout& type = layout.backbones[static_cast<std::size_t>(chosen)];
            const std::size_t taps = type.tap_layers.size();
            const std::size_t row = encoded_bytes(precision, type.width);

            std::vector<Bytes> blocks(taps);
            std::vector<std::vector<float>> scales(taps);
            std::vector<float> residual;
            std::vector<std::int32_t> samples, uploads;
            ActivationStore store(file.get(), layout, chosen);
            for (std::int32_t upload = 0; upload < 8; ++upload) {
                const auto count = static_cast<std::size_t>(stream.below(6));
                ActivationRows packet;
                packet.backbone = chosen;
                packet.upload = upload;
                for (std::size_t s = 0; s < count; ++s) {
                    packet.samples.push_back(static_cast<std::int32_t>(stream.below(1000)));
                    uploads.push_back(upload);
                }
                for (std::size_t i = 0; i < taps * count * row; ++i)
                    packet.taps.push_back(static_cast<std::byte>(stream.below(256)));
                if (has_scales(precision)) packet.scales = random_floats(stream, taps * count);
                packet.residual =
                    random_floats(stream, count * static_cast<std::size_t>(layout.classes));
                store.append(packet);
                if (stream.below(3) == 0) store.flush();
                for (std::size_t k = 0; k < taps; ++k)
                    for (std::size_t s = 0; s < count; ++s) {
                        for (std::size_t i = 0; i < row; ++i)
                            blocks[k].push_back(packet.taps[(k * count + s) * row + i]);
                        if (has_scales(precision))
                            scales[k].push_back(packet.scales[k * count + s]);
                    }
                residual.insert(residual.end(), packet.residual.begin(), packet.residual.end());
                samples.insert(samples.end(), packet.samples.begin(), packet.samples.end());
            }
            store.close();

            const std::string group = "/activations/" + type.name + "/";
            for (std::size_t k = 0; k < taps; ++k) {
                const std::string block = group + fmt::format("block_{}", k + 1);
                EXPECT_EQ(read_bytes(file, block), blocks[k]);
                const bool scaled =
                    H5Lexists(file.get(), (block + "_scale").c_str(), H5P_DEFAULT) > 0;
                EXPECT_EQ(scaled, has_scales(precision));
                const auto read_scales = scaled
                                             ? read<float>(file, block + "_scale", H5T_NATIVE_FLOAT)
                                             : std::vector<float>();
                EXPECT_EQ(read_scales, scales[k]);
            }
            EXPECT_EQ(read<float>(file, group + "residual", H5T_NATIVE_FLOAT), residual);
            EXPECT_EQ(read<std::int32_t>(file, group + "samples", H5T_NATIVE_INT32), samples);
            EXPECT_EQ(read<std::int32_t>(file, group + "upload", H5T_NATIVE_INT32), uploads);
            const std::string other =
                "/activations/" + layout.backbones[static_cast<std::size_t>(1 - chosen)].name;
            EXPECT_EQ(StoredArray(file.get(), other + "/samples", "run.h5").rows(), 0);
        }
}

TEST_F(ActivationStoreTest, BlocksSayWhichLayerWidthAndEncodingTheyHave) {
    RandomStream stream(7, Purpose::Test);
    for (const Precision precision : kPrecisions) {
        const RunLayout layout = random_layout(stream, precision);
        const File file = create(layout);
        for (const BackboneLayout& type : layout.backbones)
            for (std::size_t k = 0; k < type.tap_layers.size(); ++k)
                for (const char* kind : {"activations", "evaluation"}) {
                    const std::string path = fmt::format("/{}/{}/block_{}", kind, type.name, k + 1);
                    const DataSet block(H5Dopen2(file.get(), path.c_str(), H5P_DEFAULT), path);
                    EXPECT_EQ(read_number(block.get(), "layer"), type.tap_layers[k]) << path;
                    EXPECT_EQ(read_number(block.get(), "width"), type.width) << path;
                    EXPECT_EQ(read_text(block.get(), "encoding"),
                              kind[0] == 'a' ? encoding_name(precision) : "fp32")
                        << path;
                }
    }
}

// Attributes stay where nothing is kept, for a reader has to know what the packets were.
TEST_F(ActivationStoreTest, WithoutActivationsTheGroupsAreEmptyButDescribed) {
    RandomStream stream(8, Purpose::Test);
    RunLayout layout = random_layout(stream, Precision::Int4);
    layout.activations = false;
    const File file = create(layout);
    for (const BackboneLayout& type : layout.backbones) {
        const std::string path = "/activations/" + type.name;
        const Group group(H5Gopen2(file.get(), path.c_str(), H5P_DEFAULT), path);
        EXPECT_EQ(read_numbers(group.get(), "layers"), type.tap_layers);
        EXPECT_EQ(read_number(group.get(), "width"), type.width);
        EXPECT_EQ(read_text(group.get(), "encoding"), "int4");
        H5G_info_t info{};
        check_hdf5(H5Gget_info(group.get(), &info), path);
        EXPECT_EQ(info.nlinks, 0U);
        EXPECT_EQ(H5Lexists(file.get(), ("/evaluation/" + type.name).c_str(), H5P_DEFAULT), 0);
    }
}

// Test samples come in any order and any portions; each row must find its place.
TEST_F(ActivationStoreTest, TestTapsComeInAnyOrder) {
    for (std::uint32_t round = 0; round < 20; ++round) {
        SCOPED_TRACE(round);
        RandomStream stream(9, Purpose::Test, round);
        const RunLayout layout = random_layout(stream, Precision::Fp16);
        const File file = create(layout);
        const BackboneLayout& type = layout.backbones[0];
        const auto tests = static_cast<std::size_t>(layout.test_samples);
        const auto width = static_cast<std::size_t>(type.width);
        const auto classes = static_cast<std::size_t>(layout.classes);
        const std::size_t taps = type.tap_layers.size();
        std::vector<std::vector<float>> blocks;
        for (std::size_t k = 0; k < taps; ++k)
            blocks.push_back(random_floats(stream, tests * width));
        const std::vector<float> output = random_floats(stream, tests * classes);

        std::vector<std::int32_t> order(tests);
        std::iota(order.begin(), order.end(), 0);
        if (round % 2 == 0) {
            stream.shuffle(std::span(order));
        } else {  // runs of neighbours, turned
            const auto turn = static_cast<std::ptrdiff_t>(stream.below(tests));
            std::rotate(order.begin(), order.begin() + turn, order.end());
        }
        EvaluationStore store(file.get(), layout, 0);
        for (std::size_t first = 0; first < tests;) {
            const auto count = std::min<std::size_t>(1 + stream.below(9), tests - first);
            EvaluationTaps portion;
            portion.samples.assign(order.begin() + static_cast<std::ptrdiff_t>(first),
                                   order.begin() + static_cast<std::ptrdiff_t>(first + count));
            std::vector<float> values;
            for (const auto& block : blocks)
                for (const std::int32_t sample : portion.samples)
                    for (std::size_t i = 0; i < width; ++i)
                        values.push_back(block[static_cast<std::size_t>(sample) * width + i]);
            portion.taps.resize(values.size() * sizeof(float));
            std::memcpy(portion.taps.data(), values.data(), portion.taps.size());
            for (const std::int32_t sample : portion.samples)
                for (std::size_t c = 0; c < classes; ++c)
                    portion.output.push_back(
                        output[static_cast<std::size_t>(sample) * classes + c]);
            store.write(portion);
            first += count;
        }
        EXPECT_EQ(store.written_bytes(),
                  static_cast<std::int64_t>(tests * (taps * width + classes) * sizeof(float)));
        store.close();
        for (std::size_t k = 0; k < taps; ++k)
            EXPECT_EQ(
                read<float>(file, fmt::format("/evaluation/one/block_{}", k + 1), H5T_NATIVE_FLOAT),
                blocks[k]);
        EXPECT_EQ(read<float>(file, "/evaluation/one/output", H5T_NATIVE_FLOAT), output);
    }
}

TEST_F(ActivationStoreTest, AnOutputThatNeverCameIsNaN) {
    RunLayout layout;
    layout.classes = 2;
    layout.test_samples = 4;
    layout.backbones = {{"one", {1}, 3, Precision::Fp32}};
    const File file = create(layout);
    EvaluationStore store(file.get(), layout, 0);
    store.write({0, {2}, Bytes(12), {5, 6}});
    store.close();
    const auto output = read<float>(file, "/evaluation/one/output", H5T_NATIVE_FLOAT);
    ASSERT_EQ(output.size(), 8U);
    for (std::size_t i = 0; i < output.size(); ++i)
        EXPECT_EQ(std::isnan(output[i]), i != 4 && i != 5) << i;
    EXPECT_EQ(output[4], 5);
    EXPECT_EQ(output[5], 6);
}

}  // namespace
}  // namespace mobi::test
