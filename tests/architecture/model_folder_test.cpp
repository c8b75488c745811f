// SPDX-License-Identifier: Apache-2.0
#include "architecture/model_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "architecture/preparation_plan.hpp"
#include "architecture/read_family.hpp"
#include "support/contains.hpp"
#include "support/temp_folder.hpp"
#include "weights/safetensors.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

using test::config_of;
using test::contains;

std::string small(const std::string& family, const std::string& rest = "") {
    const std::string sizes =
        family == "gpt2"
            ? R"("n_embd":24,"n_head":4,"n_layer":2,"n_inner":40,"n_positions":17)"
            : R"("hidden_size":24,"num_attention_heads":4,"num_hidden_layers":2,"ffn_dim":40,)"
              R"("intermediate_size":40,"max_position_embeddings":17)";
    const bool grouped = family == "llama" || family == "qwen2";
    return config_of(family, sizes + R"(,"vocab_size":50)" +
                                 (grouped ? R"(,"num_key_value_heads":2)" : "") +
                                 (rest.empty() ? "" : "," + rest));
}

/// The tensors that a family's files have, zero; `prefix` stands in front of each name.
NamedTensors tensors_of(const TransformerConfig& config, const std::string& prefix = "") {
    NamedTensors tensors;
    for (const PreparedTensor& tensor : preparation_plan(config))
        for (const TensorSource& source : tensor.sources) {
            std::vector<std::int64_t> shape = source.shape;
            if (source.in_out) std::reverse(shape.begin(), shape.end());
            tensors.emplace_back(prefix + source.name, at::zeros(shape));
        }
    return tensors;
}

/// A folder with a config.json and, if any are given, weights.
class Folder : public test::TempFolder {
  public:
    explicit Folder(const std::string& config, const NamedTensors& tensors = {}) {
        write("config.json", config);
        if (!tensors.empty()) write_safetensors(path() / "model.safetensors", tensors);
    }
    BackboneParameters parameters() const {
        BackboneParameters parameters;
        parameters.path = path().string();
        return parameters;
    }
    ModelFolder open() const { return ModelFolder(parameters()); }
    std::string refusal() const { return refusal(parameters()); }
    static std::string refusal(const BackboneParameters& parameters) {
        try {
            ModelFolder(parameters).check_weights();
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }
};

class FamilyFolderTest : public ::testing::TestWithParam<std::string> {
  protected:
    const Family& family() const {
        return *std::find_if(families().begin(), families().end(),
                             [](const Family& one) { return one.model_type == GetParam(); });
    }
    TransformerConfig config() const { return test::read_family(small(GetParam())); }
};

TEST_P(FamilyFolderTest, ThePlansTensorsAreAllThatAFolderNeeds) {
    const Folder folder(small(GetParam()), tensors_of(config()));
    EXPECT_EQ(folder.refusal(), "");
    EXPECT_TRUE(folder.open().check_weights().empty());
}

TEST_P(FamilyFolderTest, AFolderSavedWithAHeadHasThePrefix) {
    const Folder folder(small(GetParam()), tensors_of(config(), std::string(family().prefix)));
    EXPECT_EQ(folder.refusal(), "");
}

TEST_P(FamilyFolderTest, AnyTensorThatIsMissingIsNamed) {
    const NamedTensors whole = tensors_of(config());
    for (std::size_t i = 0; i < whole.size(); i += 3) {  // every third: files take their time
        NamedTensors tensors = whole;
        tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_TRUE(contains(Folder(small(GetParam()), tensors).refusal(),
                             "have no tensor \"" + whole[i].first + "\""));
    }
}

TEST_P(FamilyFolderTest, ATensorOfAnotherShapeIsNamed) {
    NamedTensors tensors = tensors_of(config());
    for (std::size_t i = 0; i < tensors.size(); i += 5) {
        const at::Tensor right = tensors[i].second;
        std::vector<std::int64_t> shape = right.sizes().vec();
        shape.back() += 1;
        tensors[i].second = at::zeros(shape);
        EXPECT_TRUE(contains(Folder(small(GetParam()), tensors).refusal(),
                             "model.safetensors: tensor \"" + tensors[i].first + "\" has shape ["));
        tensors[i].second = right;
    }
}

TEST_P(FamilyFolderTest, TheDescriptionIsTheConfigurationsOwn) {
    const Folder folder(small(GetParam()));
    const ModelFolder model = folder.open();
    EXPECT_EQ(model.configuration(), small(GetParam()));
    EXPECT_EQ(model.info().family, GetParam());
    EXPECT_EQ(model.info().size.parameters, describe(config()).size.parameters);
    EXPECT_EQ(model.architecture().width, 24);
    EXPECT_EQ(model.heads().classifier, family().heads.classifier);
    EXPECT_TRUE(model.notes().empty());
    EXPECT_EQ(inspect_backbone(folder.parameters()).max_tokens, model.info().max_tokens);
}

TEST_P(FamilyFolderTest, TyingIsTheFamilysUnlessTheFileSaysSo) {
    EXPECT_EQ(Folder(small(GetParam())).open().tied(), family().heads.tied);
    EXPECT_TRUE(Folder(small(GetParam(), R"("tie_word_embeddings":true)")).open().tied());
    EXPECT_FALSE(Folder(small(GetParam(), R"("tie_word_embeddings":false)")).open().tied());
    EXPECT_TRUE(contains(Folder(small(GetParam(), R"("tie_word_embeddings":1)")).refusal(),
                         "tie_word_embeddings = 1: accepted: true, false"));
}

TEST_P(FamilyFolderTest, RandomWeightsNeedNoFileAndDependOnTheSeed) {
    const Folder folder(small(GetParam()));
    BackboneParameters parameters = folder.parameters();
    parameters.weights = WeightSource::Random;
    EXPECT_EQ(Folder::refusal(parameters), "");
    const ModelFolder model(parameters);
    EXPECT_NE(model.open_weights(1)->fingerprint(), model.open_weights(2)->fingerprint());
    const TensorSource words = preparation_plan(config()).front().sources.front();
    EXPECT_TRUE(
        at::equal(model.open_weights(1)->weight(words), model.open_weights(1)->weight(words)));
    EXPECT_FALSE(
        at::equal(model.open_weights(1)->weight(words), model.open_weights(2)->weight(words)));
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    FamilyFolderTest,
    ::testing::Values("bert", "gpt2", "llama", "mpnet", "opt", "qwen2", "roberta"),
    [](const auto& test) { return test.param; });

TEST(ModelFolderTest, ATiedHeadStandsInForTheWordTable) {
    const TransformerConfig config = test::read_family(small("gpt2"));
    NamedTensors tensors = tensors_of(config, "transformer.");
    ASSERT_EQ(tensors.front().first, "transformer.wte.weight");
    tensors.front().first = "lm_head.weight";
    const Folder folder(small("gpt2"), tensors);
    EXPECT_EQ(folder.refusal(), "");
    const SourceNotes notes = folder.open().check_weights();
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(describe(notes[0]), "word table from lm_head.weight (tied, and stored once)");
    EXPECT_TRUE(contains(Folder(small("gpt2", R"("tie_word_embeddings":false)"), tensors).refusal(),
                         "have no tensor \"wte.weight\""));
}

TEST(ModelFolderTest, WeightsOfAnotherFormatAreRefusedByTheConfiguration) {
    const auto refusal = [](const std::string& rest) {
        return Folder(small("bert", rest)).refusal();
    };
    EXPECT_TRUE(contains(refusal(R"("quantization_config":{"bits":4})"),
                         "config.json: quantization_config = {\"bits\":4}: accepted: none"));
    EXPECT_TRUE(contains(refusal(R"("transformers_weights":"other.safetensors")"),
                         "accepted: model.safetensors"));
    const NamedTensors tensors = tensors_of(test::read_family(small("bert")));
    for (const char* rest :
         {R"("quantization_config":null)", R"("transformers_weights":"model.safetensors")"})
        EXPECT_EQ(Folder(small("bert", rest), tensors).refusal(), "") << rest;
}

TEST(ModelFolderTest, AnAdapterBesideAModelIsNotPassedOver) {
    const Folder folder(small("bert"), tensors_of(test::read_family(small("bert"))));
    folder.write("adapter_config.json", "{}");
    EXPECT_TRUE(contains(folder.refusal(), "holds a model and an adapter"));
    BackboneParameters random = folder.parameters();
    random.weights = WeightSource::Random;
    EXPECT_EQ(Folder::refusal(random), "");
}

TEST(ModelFolderTest, ThePoolingIsTheFolders) {
    const Folder folder(small("bert"));
    fs::create_directories(folder.path() / "1_Pooling");
    folder.write("1_Pooling/config.json", R"({"pooling_mode":"mean"})");
    const ModelFolder mean = folder.open();
    EXPECT_EQ(mean.info().pivot, Pivot::Mean);
    ASSERT_EQ(mean.notes().size(), 1U);
    EXPECT_EQ(mean.notes()[0].what, "pooling mean");
    folder.write("1_Pooling/config.json", R"({"pooling_mode":"max"})");
    const ModelFolder max = folder.open();
    EXPECT_EQ(max.info().pivot, Pivot::First);
    EXPECT_THROW(max.info().trained_pivot(), DataError);
}

TEST(ModelFolderTest, NotesOfTheConfigurationComeFirst) {
    const Folder folder(small("llama", R"("rope_theta":7,"rope_parameters":{"rope_theta":500})"));
    fs::create_directories(folder.path() / "1_Pooling");
    folder.write("1_Pooling/config.json", R"({"pooling_mode":"mean"})");
    const SourceNotes notes = folder.open().notes();
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].what, "rope_theta");
    EXPECT_EQ(notes[1].what, "pooling mean");
}

TEST(ModelFolderTest, LayersAreCutAndTooManyRefused) {
    const Folder folder(small("bert"), tensors_of(test::read_family(small("bert"), 1)));
    EXPECT_TRUE(contains(folder.refusal(), "encoder.layer.1."));
    BackboneParameters cut = folder.parameters();
    cut.layers = 1;
    EXPECT_EQ(Folder::refusal(cut), "");
    EXPECT_EQ(ModelFolder(cut).info().size.layers, 1);
    cut.layers = 3;
    EXPECT_THROW(ModelFolder{cut}, ConfigError);
}

TEST(ModelFolderTest, AFolderThatIsNoneIsRefused) {
    BackboneParameters parameters;
    parameters.path = "/nowhere/at-all";
    EXPECT_TRUE(contains(Folder::refusal(parameters), "/nowhere/at-all: no such folder"));
    const test::TempFolder empty;
    parameters.path = empty.path().string();
    EXPECT_TRUE(contains(Folder::refusal(parameters), "holds no config.json; it is empty"));
    const Folder no_weights(small("bert"));
    EXPECT_TRUE(contains(no_weights.refusal(), "holds neither model.safetensors nor"));
}

}  // namespace
}  // namespace mobi
