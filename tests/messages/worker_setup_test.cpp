// SPDX-License-Identifier: Apache-2.0
#include "messages/worker_setup.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

WorkerSetup example() {
    WorkerSetup setup;
    setup.seed = 42;
    setup.classes = 26;
    setup.arithmetic = Precision::Fp32;
    setup.residual.output = ResidualOutput::Logits;
    setup.cache = "cache";
    WorkerSetup::Backbone backbone;
    backbone.parameters.name = "minilm-3";
    backbone.parameters.path = "folder";
    backbone.parameters.layers = 3;
    backbone.parameters.weight_dtype = Precision::Int8;
    backbone.pivot = Pivot::Mean;
    backbone.tap_layers = {1, 2, 3};
    backbone.layout = {Precision::Int4, 3, 384, 26, true};
    setup.backbones.push_back(backbone);
    return setup;
}

TEST(WorkerSetupTest, ComesBackAsItWasSent) {
    const Bytes bytes = encode_setup(example());
    const WorkerSetup setup = decode_setup(bytes);
    EXPECT_EQ(encode_setup(setup), bytes);
    EXPECT_EQ(setup.backbones[0].parameters.name, "minilm-3");
    EXPECT_EQ(setup.backbones[0].tap_layers, (std::vector<std::int32_t>{1, 2, 3}));
    EXPECT_EQ(setup.backbones[0].layout, example().backbones[0].layout);
    EXPECT_EQ(setup.residual.output, ResidualOutput::Logits);
}

TEST(WorkerSetupTest, EveryTruncationIsRefused) {
    const Bytes bytes = encode_setup(example());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(decode_setup(std::span(bytes).first(size)), TransportError) << size;
}

}  // namespace
}  // namespace mobi::test
