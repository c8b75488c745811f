// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "architecture/llama2c_file.hpp"
#include "core/error.hpp"
#include "model/generation.hpp"
#include "model/model_support.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

constexpr const char* kStories = "data/model/stories260K/stories260K.bin";

BackboneParameters stories() {
    BackboneParameters parameters;
    parameters.path = test::shared_path("data/model/stories260K").string();
    parameters.weight_dtype = Precision::Fp32;
    return parameters;
}

nlohmann::json reference() {
    nlohmann::json value;
    std::ifstream(test::shared_path("data/model/stories260K/reference_pos0.json")) >> value;
    return value;
}

double largest_difference(const at::Tensor& row, const std::vector<float>& expected) {
    return (row - at::tensor(expected)).abs().max().item<double>();
}

TEST(Llama2cTest, TheFirstPositionAgreesWithTheReference) {
    MOBI_NEEDS_SHARED(kStories);
    test::use_one_thread();
    const auto facts = reference();
    const auto backbone = load_backbone(stories(), Precision::Fp32, "");
    const auto states = backbone->hidden_states({{facts["input_token"].get<int>()}, {}, {0, 1}});
    const auto expected = facts["residual_after_embed_and_each_layer_then_final_norm"]
                              .get<std::vector<std::vector<float>>>();
    ASSERT_EQ(expected.size(), states.size() + 1);
    for (std::size_t layer = 0; layer < states.size(); ++layer)
        EXPECT_LT(largest_difference(states[layer][0], expected[layer]), 1e-4) << layer;
    const at::Tensor last = backbone->final_state(states.back());
    EXPECT_LT(largest_difference(last[0], expected.back()), 1e-4);
    const ModelFolder folder(stories());
    const FolderHeads heads(folder, folder.open_weights());
    EXPECT_LT(largest_difference(heads.language_model_logits(last).value()[0],
                                 facts["logits"].get<std::vector<float>>()),
              1e-4);
}

TEST(Llama2cTest, GreedyDecodingGivesTheReferencesTokens) {
    MOBI_NEEDS_SHARED(kStories);
    test::use_one_thread();
    const auto expected = reference()["greedy_ids"].get<std::vector<std::int32_t>>();
    const auto backbone = load_backbone(stories(), Precision::Fp32, "");
    const ModelFolder folder(stories());
    const FolderHeads heads(folder, folder.open_weights());
    // whether the list begins with the first token or behind it
    const std::size_t skipped = expected.front() == 1 ? 1 : 0;
    auto ids = generate_greedily(*backbone, heads, std::vector<std::int32_t>{1},
                                 static_cast<std::int32_t>(expected.size() - skipped));
    if (skipped == 1) ids.insert(ids.begin(), 1);
    EXPECT_EQ(ids, expected);
}

/// A checkpoint of that header with the right number of zeros, less `missing` bytes.
std::filesystem::path write_file(const test::TempFolder& folder,
                                 const std::vector<std::int32_t>& header,
                                 std::size_t numbers) {
    const auto path = folder.path() / "model.bin";
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(header.data()),
               static_cast<std::streamsize>(header.size() * sizeof(std::int32_t)));
    const std::vector<float> zeros(numbers);
    file.write(reinterpret_cast<const char*>(zeros.data()),
               static_cast<std::streamsize>(numbers * sizeof(float)));
    return path;
}

std::string message_of(const std::filesystem::path& path) {
    try {
        const Llama2cFile file(path);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Llama2cTest, WhatIsNotACheckpointIsRefused) {
    const test::TempFolder folder;
    // width 4, ffn 6, 1 layer, 2 heads, 1 key head, 5 words, 3 positions
    const std::vector<std::int32_t> header{4, 6, 1, 2, 1, 5, 3};
    const std::size_t numbers = 5 * 4 + 4 + (16 + 8 + 8 + 16) + 4 + 3 * 24 + 4 + 2 * 3;
    EXPECT_EQ(message_of(write_file(folder, header, numbers)), "no error");
    EXPECT_EQ(find_llama2c(folder.path()), folder.path() / "model.bin");
    EXPECT_NE(message_of(write_file(folder, header, numbers - 1)).find("cut off"),
              std::string::npos);
    EXPECT_NE(message_of(write_file(folder, {4, 6}, 0)).find("begins with 28"), std::string::npos);
    EXPECT_NE(message_of(write_file(folder, {4, 6, 1, 3, 1, 5, 3}, 0)).find("heads = 3"),
              std::string::npos);
    EXPECT_NE(message_of(write_file(folder, {4, -6, 1, 2, 1, 5, 3}, 0)).find("ffn = -6"),
              std::string::npos);
}

TEST(Llama2cTest, AFolderHoldsOneCheckpoint) {
    const test::TempFolder folder;
    EXPECT_THROW(find_llama2c(folder.path()), DataError);
    write_file(folder, {4, 6, 1, 2, 1, 5, 3}, 0);
    std::ofstream(folder.path() / "pytorch_model.bin") << "PK";
    EXPECT_EQ(find_llama2c(folder.path()), folder.path() / "model.bin");
    std::filesystem::copy_file(folder.path() / "model.bin", folder.path() / "other.bin");
    EXPECT_THROW(find_llama2c(folder.path()), DataError);
    EXPECT_THROW(find_llama2c(folder.path() / "absent"), DataError);
}

}  // namespace
}  // namespace mobi
