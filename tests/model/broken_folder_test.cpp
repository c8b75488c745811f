// SPDX-License-Identifier: Apache-2.0
// Folders that are damaged or lie: each is refused in one line that names what is wrong, before
// much memory is taken.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "core/error.hpp"
#include "model/model_support.hpp"
#include "model/reference_check.hpp"
#include "model/safetensors.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

/// A copy of a golden folder, to be damaged.
class Copy {
  public:
    explicit Copy(const char* name) {
        fs::copy(test::source_path("tests/golden/backbone") / name, path(),
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }
    const fs::path& path() const { return folder_.path(); }
    fs::path file(const char* name) const { return path() / name; }

    void edit_json(const char* name, const std::function<void(nlohmann::json&)>& edit) const {
        nlohmann::json value;
        std::ifstream(file(name)) >> value;
        edit(value);
        std::ofstream(file(name)) << value;
    }
    /// Replaces tensors of a safetensors file, or adds some.
    void set_tensors(const char* name, const NamedTensors& changed) const {
        NamedTensors tensors = changed;
        {
            const SafetensorsFile old(file(name));
            for (const auto& [key, entry] : old.entries())
                if (std::none_of(changed.begin(), changed.end(),
                                 [&key = key](const auto& pair) { return pair.first == key; }))
                    tensors.emplace_back(key, old.tensor(key).clone());
        }
        write_safetensors(file(name), tensors, {});
    }
    at::Tensor tensor(const char* name, const char* key) const {
        return SafetensorsFile(file(name)).tensor(key).clone();
    }

    std::vector<TensorError> verify() const {
        test::use_one_thread();
        BackboneParameters parameters;
        parameters.path = path().string();
        parameters.weight_dtype = Precision::Fp32;
        const auto backbone = load_backbone(parameters, Precision::Fp32, "");
        return check_reference(*backbone, file("reference.safetensors"), path());
    }
    /// What `verify` says, which must be a DataError of one line.
    std::string refusal() const {
        try {
            verify();
        } catch (const DataError& error) {
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
            return error.what();
        }
        return "no error";
    }

  private:
    test::TempFolder folder_;
};

void expect_refusal(const Copy& folder, const std::string& text) {
    const std::string message = folder.refusal();
    EXPECT_NE(message.find(text), std::string::npos) << message << "\nexpected: " << text;
}

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kReference = "reference.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

TEST(BrokenFolderTest, AWholeOneIsAccepted) {
    EXPECT_EQ(Copy("llama").refusal(), "no error");
    EXPECT_EQ(Copy("qwen2").refusal(), "no error");
}

TEST(BrokenFolderTest, SizesThatTheWeightsDoNotHaveTakeNoMemory) {
    const Copy folder("llama");
    folder.edit_json("config.json", [](auto& config) {
        config["vocab_size"] = 1 << 24;
        config["hidden_size"] = 1 << 16;  // 4 TiB of words
    });
    expect_refusal(folder, "embed_tokens.weight\" has shape [30, 20], config.json says [16777216");
}

TEST(BrokenFolderTest, ANumberThatIsNotFiniteIsNamed) {
    for (const char* name : {"model.layers.1.mlp.up_proj.weight", "lm_head.weight"})
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            const Copy folder("llama");
            at::Tensor weight = folder.tensor(kWeights, name);
            weight[3][2] = bad;
            folder.set_tensors(kWeights, {{name, weight}});
            expect_refusal(folder, std::string(name) + "\" holds a number that is infinite or NaN");
        }
}

TEST(BrokenFolderTest, ANaNNeverCountsAsEqual) {
    const Copy reference("llama");
    at::Tensor states = reference.tensor(kReference, "hidden.1");
    states[0][0][0] = std::numeric_limits<float>::quiet_NaN();
    reference.set_tensors(kReference, {{"hidden.1", states}});
    const Copy overflow("llama");  // every weight is finite, their product is not
    at::Tensor weight = overflow.tensor(kWeights, "model.layers.0.mlp.up_proj.weight");
    overflow.set_tensors(kWeights, {{"model.layers.0.mlp.up_proj.weight", weight.fill_(3e38)}});
    for (const Copy* folder : {&reference, &overflow}) {
        double states_error = 0;
        for (const TensorError& error : folder->verify())
            if (error.name == "hidden.1") states_error = error.relative;
        EXPECT_EQ(states_error, std::numeric_limits<double>::infinity());
    }
}

TEST(BrokenFolderTest, AHeadOfAnotherShapeIsNamed) {
    const auto with = [](const char* family, const char* name, const at::Tensor& tensor) {
        const Copy folder(family);
        folder.set_tensors(kWeights, {{name, tensor}});
        expect_refusal(folder, std::string(name) + "\" has shape");
    };
    with("llama", "score.weight", at::zeros({}));
    with("llama", "score.weight", at::zeros({3, 7}));
    with("llama", "lm_head.weight", at::zeros({20, 30}));
    with("roberta", "classifier.out_proj.bias", at::zeros({2}));
    with("roberta", "classifier.dense.bias", at::zeros({2, 7}));
    with("roberta", "classifier.dense.weight", at::zeros({14, 15}));
}

TEST(BrokenFolderTest, AReferenceWithoutRowsIsRefused) {
    const Copy folder("llama");
    const at::Tensor none = at::zeros({0, 20}, at::kLong);
    folder.set_tensors(kReference, {{"input_ids", none}, {"attention_mask", none}});
    expect_refusal(folder, "input_ids has no row");
}

TEST(BrokenFolderTest, AnIndexNamesFilesBesideIt) {
    const std::string evil = "a\nb";
    for (const std::string& name : {std::string(".."), std::string("."), std::string(),
                                    std::string("../x"), std::string("/etc/passwd"), evil}) {
        const Copy folder("qwen2");
        folder.edit_json(kIndex, [&](auto& index) { index["weight_map"]["norm.weight"] = name; });
        expect_refusal(folder, "weight_map of \"norm.weight\" is not the name of a file beside it");
    }
    const Copy absent("qwen2");
    absent.edit_json(kIndex, [](auto& index) { index["weight_map"]["x"] = "y.safetensors"; });
    expect_refusal(absent, "y.safetensors: cannot open");
    const Copy deep("qwen2");
    std::ofstream(deep.file(kIndex)) << std::string(100'000, '[');
    expect_refusal(deep, "index.json: is nested deeper");
}

TEST(BrokenFolderTest, WhatIsNoFileIsNotWaitedFor) {
    for (const char* name : {"config.json", kWeights}) {
        const Copy pipe("llama");
        fs::remove(pipe.file(name));
        ASSERT_EQ(::mkfifo(pipe.file(name).c_str(), 0600), 0);
        expect_refusal(pipe, std::string(name) + ": not a regular file");
        const Copy folder("llama");
        fs::remove(folder.file(name));
        fs::create_directory(folder.file(name));
        expect_refusal(folder, std::string(name) + ": not a regular file");
        const Copy loop("llama");
        fs::remove(loop.file(name));
        fs::create_symlink(name, loop.file(name));
        expect_refusal(loop, std::string(name) + ": cannot open: Too many levels");
    }
}

TEST(BrokenFolderTest, AFolderWithoutAModelSaysWhatIsAccepted) {
    const Copy folder("llama");
    fs::remove(folder.file("config.json"));
    expect_refusal(folder, "holds no config.json and 0 .bin files");
}

}  // namespace
}  // namespace mobi
