// SPDX-License-Identifier: Apache-2.0
#include "model/backbone.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <thread>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "architecture/model_folder.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "model/model_support.hpp"
#include "model/reference_check.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

std::filesystem::path golden(const char* name) {
    return test::source_path("tests/golden/backbone") / name;
}

BackboneParameters parameters_of(const std::filesystem::path& folder, int layers = 0) {
    BackboneParameters parameters;
    parameters.path = folder.string();
    parameters.layers = layers;
    parameters.weight_dtype = Precision::Fp32;
    return parameters;
}

/// What an error says.
template <typename Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

/// Sequences of random tokens.
PackedBatch random_batch(const BackboneInfo& info, const std::vector<int>& lengths) {
    PackedBatch batch;
    batch.offsets.push_back(0);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        RandomStream random(7, Purpose::Test, i);
        for (int t = 0; t < lengths[i]; ++t) {
            batch.ids.push_back(2 + static_cast<std::int32_t>(random.below(
                                        static_cast<std::uint64_t>(info.vocabulary) - 2)));
            batch.type_ids.push_back(info.uses_type_ids && t > lengths[i] / 2 ? 1 : 0);
        }
        batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
    }
    return batch;
}

PackedBatch one_of(const PackedBatch& batch, std::size_t sequence) {
    const auto first = batch.offsets[sequence];
    const auto end = batch.offsets[sequence + 1];
    return {{batch.ids.begin() + first, batch.ids.begin() + end},
            {batch.type_ids.begin() + first, batch.type_ids.begin() + end},
            {0, end - first}};
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

/// A row of each sequence's states, (b, d).
at::Tensor pooled(const at::Tensor& states, const PackedBatch& batch, Pivot pivot) {
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
        const at::Tensor own = states.slice(0, batch.offsets[i], batch.offsets[i + 1]);
        rows.push_back(pivot == Pivot::First  ? own[0]
                       : pivot == Pivot::Last ? own[-1]
                                              : own.mean(0));
    }
    return at::stack(rows);
}

struct Golden {
    const char* name;
    double bf16_error;  ///< transformers' own, printed by make_backbones.py
    Pivot pivot;
};

class BackboneTest : public ::testing::TestWithParam<Golden> {
  protected:
    void SetUp() override { test::use_one_thread(); }
    std::filesystem::path folder() const { return golden(GetParam().name); }
    std::unique_ptr<Backbone> load(Precision arithmetic, int layers = 0) const {
        return load_backbone(parameters_of(folder(), layers), arithmetic, "");
    }
    double worst_error(const Backbone& backbone) const {
        double worst = 0;
        for (const TensorError& error :
             check_reference(backbone, folder() / "reference.safetensors", folder())) {
            EXPECT_TRUE(error.compared) << error.name << ": " << error.note;
            worst = std::max(worst, error.relative);
        }
        return worst;
    }
};

TEST_P(BackboneTest, AgreesWithTransformersInFp32) {
    EXPECT_LT(worst_error(*load(Precision::Fp32)), 5e-6);
}

TEST_P(BackboneTest, AgreesWithTransformersInBf16WithinTwiceItsOwnError) {
    EXPECT_LT(worst_error(*load(Precision::Bf16)), 2 * GetParam().bf16_error);
}

TEST_P(BackboneTest, PivotsAreRowsOfTheHiddenStates) {
    const auto backbone = load(Precision::Fp32);
    const PackedBatch batch = random_batch(backbone->info(), {3, 1, 17, 8});
    const auto states = backbone->hidden_states(batch);
    std::vector<std::int32_t> layers(states.size());
    std::iota(layers.begin(), layers.end(), 0);
    const auto count = static_cast<std::int64_t>(layers.size());
    EXPECT_EQ(count, backbone->info().size.layers + 1);
    for (const Pivot pivot : {Pivot::First, Pivot::Last, Pivot::Mean}) {
        const Taps taps = backbone->forward(batch, layers, pivot);
        ASSERT_EQ(taps.taps.sizes(),
                  (std::vector<std::int64_t>{count, 4, backbone->info().size.width}));
        EXPECT_EQ(taps.taps.scalar_type(), at::kFloat);
        EXPECT_LT(largest_difference(taps.output,
                                     pooled(backbone->final_state(states.back()), batch, pivot)),
                  5e-6);
        for (std::int64_t layer = 0; layer < count; ++layer)
            EXPECT_LT(
                largest_difference(taps.taps[layer],
                                   pooled(states[static_cast<std::size_t>(layer)], batch, pivot)),
                5e-6);
    }
}

TEST_P(BackboneTest, AutoIsTheFoldersOwnPooling) {
    const auto backbone = load(Precision::Fp32);
    EXPECT_EQ(backbone->info().pivot, GetParam().pivot);
    const PackedBatch batch = random_batch(backbone->info(), {5, 9});
    const std::vector<std::int32_t> layers{backbone->info().size.layers};
    EXPECT_TRUE(at::equal(backbone->forward(batch, layers, Pivot::Auto).output,
                          backbone->forward(batch, layers, GetParam().pivot).output));
}

TEST_P(BackboneTest, ASequenceDoesNotFeelItsBatchMates) {
    const auto backbone = load(Precision::Fp32);
    std::vector<int> lengths;
    for (int i = 0; i < 90; ++i) lengths.push_back(1 + i % 19);  // more rows than a block has
    const PackedBatch batch = random_batch(backbone->info(), lengths);
    const std::vector<std::int32_t> layers{1, backbone->info().size.layers};
    const Taps together = backbone->forward(batch, layers, Pivot::Mean);
    for (const std::size_t i : {0U, 18U, 41U, 57U, 89U}) {
        const Taps alone = backbone->forward(one_of(batch, i), layers, Pivot::Mean);
        EXPECT_LT(largest_difference(together.taps.select(1, static_cast<std::int64_t>(i)),
                                     alone.taps.select(1, 0)),
                  5e-6);
    }
}

TEST_P(BackboneTest, TheSameBatchGivesTheSameBitsFromEveryThread) {
    const auto backbone = load(Precision::Bf16);
    const PackedBatch batch = random_batch(backbone->info(), {12, 3, 19, 19, 5});
    const PackedBatch other = random_batch(backbone->info(), {20, 20, 20, 20, 20, 20, 1});
    const std::vector<std::int32_t> layers{0, backbone->info().size.layers};
    const Taps expected = backbone->forward(batch, layers, Pivot::Mean);
    std::vector<std::thread> threads;
    std::atomic<int> equal{0};
    for (int k = 0; k < 3; ++k)
        threads.emplace_back([&] {
            test::use_one_thread();
            for (int round = 0; round < 10; ++round) {
                backbone->forward(other, layers, Pivot::First);
                const Taps taps = backbone->forward(batch, layers, Pivot::Mean);
                if (at::equal(taps.taps, expected.taps) && at::equal(taps.output, expected.output))
                    ++equal;
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(equal, 30);
}

TEST_P(BackboneTest, FewerLayersAreTheFirstBlocks) {
    const auto whole = load(Precision::Fp32);
    const auto cut = load(Precision::Fp32, 1);
    EXPECT_EQ(cut->info().size.layers, 1);
    EXPECT_LT(cut->info().size.parameters, whole->info().size.parameters);
    const PackedBatch batch = random_batch(whole->info(), {6, 4});
    const std::vector<std::int32_t> layers{1};
    EXPECT_TRUE(at::equal(cut->forward(batch, layers, Pivot::Mean).taps,
                          whole->forward(batch, layers, Pivot::Mean).taps));
    // behind what is kept comes the whole model's final norm
    EXPECT_LT(largest_difference(
                  cut->forward(batch, layers, Pivot::Mean).output,
                  pooled(whole->final_state(whole->hidden_states(batch)[1]), batch, Pivot::Mean)),
              5e-6);
}

TEST_P(BackboneTest, TokensThatCannotBeAreRefused) {
    const auto backbone = load(Precision::Fp32);
    const std::vector<std::int32_t> layers{1};
    const std::int32_t longest = backbone->info().max_tokens;
    EXPECT_NO_THROW(
        backbone->forward(random_batch(backbone->info(), {longest}), layers, Pivot::Mean));
    const auto run = [&](const PackedBatch& batch) {
        return message_of([&] { backbone->forward(batch, layers, Pivot::Mean); });
    };
    EXPECT_NE(run(random_batch(backbone->info(), {longest + 1})).find("data.max_tokens"),
              std::string::npos);
    EXPECT_NE(run({{backbone->info().vocabulary}, {}, {0, 1}}).find("outside the vocabulary"),
              std::string::npos);
    EXPECT_NE(run({{-1}, {}, {0, 1}}).find("outside the vocabulary"), std::string::npos);
    EXPECT_THROW(backbone->forward({{1}, {}, {0, 0, 1}}, layers, Pivot::Mean), Bug);
    const std::vector<std::int32_t> too_deep{backbone->info().size.layers + 1};
    EXPECT_THROW(backbone->forward({{1}, {}, {0, 1}}, too_deep, Pivot::Mean), Bug);
    EXPECT_EQ(backbone->forward({{}, {}, {0}}, layers, Pivot::Mean).output.size(0), 0);
}

TEST_P(BackboneTest, InspectionNeedsNoWeights) {
    const test::TempFolder copy;
    std::filesystem::copy_file(folder() / "config.json", copy.path() / "config.json");
    const BackboneInfo info = inspect_backbone(parameters_of(copy.path()));
    EXPECT_EQ(info.family, GetParam().name);
    EXPECT_EQ(info.size.parameters, load(Precision::Fp32)->info().size.parameters);
    // the family's own, without the file that says another
    EXPECT_EQ(info.pivot, GetParam().pivot == Pivot::Last ? Pivot::Last : Pivot::First);
    EXPECT_NE(message_of([&] {
                  load_backbone(parameters_of(copy.path()), Precision::Fp32, "");
              }).find("model.safetensors"),
              std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Golden,
                         BackboneTest,
                         ::testing::Values(Golden{"bert", 0.0141, Pivot::First},
                                           Golden{"mpnet", 0.0093, Pivot::Mean},
                                           Golden{"roberta", 0.0095, Pivot::First},
                                           Golden{"opt", 0.0105, Pivot::Last},
                                           Golden{"gpt2", 0.0178, Pivot::Last},
                                           Golden{"llama", 0.0746, Pivot::Last},
                                           Golden{"qwen2", 0.0381, Pivot::Last}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(InspectBackboneTest, CountsTheParametersOfPublishedModels) {
    const test::TempFolder folder;
    std::ofstream(folder.path() / "config.json")
        << R"({"model_type": "mpnet", "max_position_embeddings": 514})";
    const BackboneInfo mpnet = inspect_backbone(parameters_of(folder.path()));
    // the defaults are mpnet-base: blocks as RoBERTa-base's (docs/method.md 4.5), and its tables
    EXPECT_EQ(mpnet.size.parameters - mpnet.size.embedding_parameters, 85'054'464 + 32 * 12);
    EXPECT_EQ(mpnet.size.embedding_parameters, (30527 + 514) * 768 + 2 * 768);
    EXPECT_EQ(mpnet.max_tokens, 512);
}

TEST(InspectBackboneTest, ErrorsSayWhatIsAccepted) {
    EXPECT_NE(message_of([] {
                  inspect_backbone(parameters_of("data/cache/backbones/nothing-like-this"));
              }).find("data/fetch_backbones.sh"),
              std::string::npos);
    const auto refusal = [](const std::string& config, int layers = 0) {
        const test::TempFolder folder;
        std::ofstream(folder.path() / "config.json") << config;
        return message_of([&] { inspect_backbone(parameters_of(folder.path(), layers)); });
    };
    EXPECT_NE(refusal(R"({"model_type": "t5"})").find("\"t5\": accepted: bert, gpt2, llama"),
              std::string::npos);
    EXPECT_NE(refusal("{}").find("model_type = absent"), std::string::npos);
    EXPECT_NE(refusal("{").find("not JSON"), std::string::npos);
    const std::string bert = R"({"model_type": "bert", )";
    EXPECT_NE(refusal(bert + R"("num_attention_heads": 7})").find("divisor of hidden_size = 768"),
              std::string::npos);
    EXPECT_NE(refusal(bert + R"("hidden_act": "tanh"})").find("accepted: gelu"), std::string::npos);
    EXPECT_NE(refusal(bert + R"("hidden_size": "big"})").find("whole number"), std::string::npos);
    EXPECT_NE(refusal(bert + R"("hidden_size": 18446744073709551615})").find("whole number"),
              std::string::npos);
    EXPECT_NE(refusal(bert + R"("is_decoder": true})").find("is_decoder"), std::string::npos);
    EXPECT_NE(refusal(bert + R"("a": 1})", 13).find("has 12 blocks"), std::string::npos);
    const std::string mpnet = R"({"model_type": "mpnet", )";
    EXPECT_NE(refusal(mpnet + R"("relative_attention_num_buckets": 64})").find("from 32 to 32"),
              std::string::npos);
    // heads x head_dim would not fit an int32
    EXPECT_NE(refusal(R"({"model_type": "llama", "hidden_size": 65536, "head_dim": 65536,
                          "num_attention_heads": 65536})")
                  .find("head_dim = 65536: accepted: a whole number from 2 to 4"),
              std::string::npos);
}

TEST(InspectBackboneTest, MpnetCountsPositionsFromTwoWhateverItsPaddingIs) {
    const test::TempFolder folder;
    std::ofstream(folder.path() / "config.json")
        << R"({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 7})";
    EXPECT_EQ(inspect_backbone(parameters_of(folder.path())).max_tokens, 512);
    std::ofstream(folder.path() / "config.json")
        << R"({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 7})";
    EXPECT_EQ(inspect_backbone(parameters_of(folder.path())).max_tokens, 506);
}

TEST(LoadBackboneTest, TheWrongWeightsAreNamed) {
    const test::TempFolder folder;
    std::filesystem::copy_file(golden("bert") / "model.safetensors",
                               folder.path() / "model.safetensors");
    std::ofstream(folder.path() / "config.json") << R"({"model_type": "bert", "hidden_size": 24,
        "num_attention_heads": 3, "vocab_size": 51, "num_hidden_layers": 2,
        "intermediate_size": 40, "max_position_embeddings": 20})";
    EXPECT_NE(message_of([&] {
                  load_backbone(parameters_of(folder.path()), Precision::Fp32, "");
              }).find("has shape [50, 24], config.json says [51, 24]"),
              std::string::npos);
}

TEST(LoadBackboneTest, RandomWeightsNeedAConfigAlone) {
    test::use_one_thread();
    const test::TempFolder folder;
    std::filesystem::copy_file(golden("mpnet") / "config.json", folder.path() / "config.json");
    BackboneParameters parameters = parameters_of(folder.path());
    parameters.weights = WeightSource::Random;
    const auto run = [&](std::uint64_t seed) {
        const auto backbone = load_backbone(parameters, Precision::Fp32, "", seed);
        const std::vector<std::int32_t> layers{2};
        return backbone->forward(random_batch(backbone->info(), {4, 6}), layers, Pivot::Mean).taps;
    };
    const at::Tensor taps = run(1);
    EXPECT_TRUE(at::equal(taps, run(1)));
    EXPECT_FALSE(at::equal(taps, run(2)));
    EXPECT_TRUE(at::isfinite(taps).all().item<bool>());
}

}  // namespace
}  // namespace mobi
