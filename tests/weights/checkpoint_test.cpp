// SPDX-License-Identifier: Apache-2.0
// Names, files and pairs that say the same thing twice: read as transformers does, or refused.
#include "weights/checkpoint.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/folder_copy.hpp"
#include "support/contains.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

using test::contains;
using test::expect_refusal;
using test::kIndex;
using test::kWeights;
using Copy = test::FolderCopy;

constexpr double kTolerance = 1e-5;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto place = text.find(from);
    return place == std::string::npos ? text : text.replace(place, from.size(), to);
}

TEST(CheckpointTest, NamesOfTensorFlowsNormsAreRead) {
    for (const char* family : {"bert", "mpnet", "roberta"}) {
        const Copy folder(family);
        folder.rename_tensors(kWeights, [](const std::string& name) {
            return replaced(replaced(name, "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias",
                            "LayerNorm.beta");
        });
        EXPECT_LT(folder.largest_error(), kTolerance) << family;
        EXPECT_EQ(folder.notes().find("gamma"), std::string::npos);
    }
}

TEST(CheckpointTest, WhatWrappedAModuleInTrainingIsTakenAway) {
    for (const char* family : {"bert", "gpt2", "opt", "llama"})
        for (const char* wrapper : {"_orig_mod.", "module.", "module._orig_mod.",
                                    "_orig_mod.module.", "_fsdp_wrapped_module."}) {
            const Copy folder(family);
            folder.rename_tensors(kWeights,
                                  [&](const std::string& name) { return wrapper + name; });
            EXPECT_LT(folder.largest_error(), kTolerance) << family << " " << wrapper;
        }
    const Copy inside("llama");  // blocks compiled one by one
    inside.rename_tensors(kWeights, [](const std::string& name) {
        return replaced(name, ".self_attn.", "._orig_mod.self_attn.");
    });
    EXPECT_LT(inside.largest_error(), kTolerance);
}

TEST(CheckpointTest, TwoNamesOfOneWeightMustAgree) {
    const char* name = "model.layers.0.mlp.up_proj.weight";
    const Copy same("llama");
    same.set_tensors(kWeights, {{"_orig_mod." + std::string(name), same.tensor(kWeights, name)}});
    EXPECT_LT(same.largest_error(), kTolerance);
    const Copy other("llama");
    const at::Tensor changed = other.tensor(kWeights, name) * 2;
    other.set_tensors(kWeights, {{"layers.0.mlp.up_proj.weight", changed}});
    expect_refusal(other,
                   "\"layers.0.mlp.up_proj.weight\" and \"model.layers.0.mlp.up_proj.weight\" are "
                   "two names of one weight and differ");
    const Copy unread("llama");  // nobody asks for it
    unread.set_tensors(kWeights, {{"model.x", changed}, {"x", changed * 3}});
    EXPECT_LT(unread.largest_error(), kTolerance);
}

TEST(CheckpointTest, OfATiedPairTheHeadIsEnough) {
    const Copy folder("gpt2");
    const Copy whole("gpt2");
    ASSERT_LT(whole.largest_error(), kTolerance);
    folder.rename_tensors(kWeights, [](const std::string& name) {
        return name.ends_with("wte.weight") ? "lm_head.weight" : name;
    });
    EXPECT_LT(folder.largest_error(), kTolerance);
    EXPECT_TRUE(contains(folder.notes(), "word table from lm_head.weight"));
    folder.edit_json("config.json", [](auto& config) { config["tie_word_embeddings"] = false; });
    expect_refusal(folder, "the weights have no tensor \"wte.weight\"");

    const Copy llama("llama");  // not tied unless config.json says so
    llama.rename_tensors(kWeights, [](const std::string& name) {
        return name.ends_with("embed_tokens.weight") ? "" : name;
    });
    expect_refusal(llama, "the weights have no tensor \"embed_tokens.weight\"");
    llama.edit_json("config.json", [](auto& config) { config["tie_word_embeddings"] = true; });
    EXPECT_TRUE(contains(llama.notes(), "word table from lm_head.weight"));
    llama.edit_json("config.json", [](auto& config) { config["tie_word_embeddings"] = nullptr; });
    expect_refusal(llama, "tie_word_embeddings = null: accepted: true, false");
}

TEST(CheckpointTest, AHeadThatDiffersFromItsTableIsReadAndNoted) {
    const Copy folder("llama");
    folder.edit_json("config.json", [](auto& config) { config["tie_word_embeddings"] = true; });
    EXPECT_LT(folder.largest_error(), kTolerance);
    EXPECT_TRUE(contains(folder.notes(), "lm_head.weight from its own tensor"));
}

TEST(CheckpointTest, AMissingTensorShowsTheNearestNames) {
    const Copy folder("llama");
    folder.rename_tensors(kWeights, [](const std::string& name) { return "net." + name; });
    expect_refusal(folder,
                   "the weights have no tensor \"embed_tokens.weight\" (nor "
                   "\"model.embed_tokens.weight\"); the nearest of their 21 names: "
                   "\"net.model.embed_tokens.weight\"");
    const Copy adapted("llama");
    adapted.rename_tensors(kWeights, [](const std::string& name) {
        return replaced(name, "q_proj.weight", "q_proj.lora_A.weight");
    });
    expect_refusal(adapted, "belongs to a LoRA adapter: merge it into the model first");
}

TEST(CheckpointTest, AShapeOfADefaultIsNotAscribedToTheFile) {
    const Copy folder("gpt2");
    folder.edit_json("config.json", [](auto& config) { config.erase("n_embd"); });
    expect_refusal(folder, "wanted is [");
    expect_refusal(folder, "with the default n_embd = 768, which config.json does not state");
}

TEST(CheckpointTest, NorIsOneThatNullStandsFor) {
    const Copy folder("gpt2");
    folder.edit_json("config.json", [](auto& config) {
        config["n_inner"] = nullptr;  // four times n_embd
    });
    expect_refusal(folder, "with the default n_inner = ");
}

TEST(CheckpointTest, TheIndexMayNameFilesBelow) {
    const Copy folder("qwen2");
    fs::create_directories(folder.path() / "w");
    fs::rename(folder.path() / "model-00002-of-00002.safetensors",
               folder.path() / "w/b.safetensors");
    folder.edit_json(kIndex, [](auto& index) {
        for (auto& [tensor, file] : index["weight_map"].items())
            file = file == "model-00002-of-00002.safetensors"
                       ? "w//b.safetensors"
                       : "./" + file.template get<std::string>();
    });
    EXPECT_LT(folder.largest_error(), kTolerance);
}

/// The golden qwen2 with a third file that holds `name` with other numbers, and which the index
/// names for another tensor.
void add_stale(const Copy& folder, const char* file, const std::string& name, double factor) {
    at::Tensor tensor;
    for (const char* shard :
         {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}) {
        const SafetensorsFile opened(folder.file(shard));
        if (opened.contains(name)) tensor = opened.tensor(name).clone();
    }
    write_safetensors(folder.file(file), {{name, tensor * factor}, {"extra", at::zeros({1})}}, {});
    folder.edit_json(kIndex, [&](auto& index) { index["weight_map"]["extra"] = file; });
}

TEST(CheckpointTest, TheIndexDecidesWhichFileHoldsATensor) {
    const std::string name = "model.norm.weight";
    const Copy before("qwen2");  // transformers, which takes the last file, agrees
    add_stale(before, "a.safetensors", name, 3);
    EXPECT_LT(before.largest_error(), kTolerance);
    EXPECT_TRUE(contains(before.notes(), "\"model.norm.weight\" from the file that"));
    const Copy equal("qwen2");
    add_stale(equal, "z.safetensors", name, 1);
    EXPECT_LT(equal.largest_error(), kTolerance);
    EXPECT_EQ(equal.notes(), "");
    const Copy after("qwen2");
    add_stale(after, "z.safetensors", name, 3);
    expect_refusal(after, "z.safetensors has it too, with other numbers");
    after.edit_json(kIndex, [&](auto& index) { index["weight_map"][name] = "z.safetensors"; });
    EXPECT_GT(after.largest_error(), kTolerance);  // the index says so
    EXPECT_TRUE(contains(after.notes(), "another file has other numbers"));
}

TEST(CheckpointTest, AnIndexThatNamesTheWrongFileIsRefused) {
    const std::string name = "model.norm.weight";
    const Copy folder("qwen2");
    std::string now;
    folder.edit_json(kIndex, [&](auto& index) {
        auto& file = index["weight_map"][name];
        now = file.template get<std::string>();
        file = now == "model-00001-of-00002.safetensors" ? "model-00002-of-00002.safetensors"
                                                         : "model-00001-of-00002.safetensors";
    });
    expect_refusal(folder, "which has no such tensor; " + now + " has");
    folder.rename_tensors(now.c_str(),
                          [&](const std::string& key) { return key == name ? "" : key; });
    expect_refusal(folder, "says that \"model.norm.weight\" is in");
}

TEST(CheckpointTest, WeightsThatNeedMoreThanReadingAreRefused) {
    const Copy quantised("llama");
    quantised.edit_json("config.json", [](auto& config) {
        config["quantization_config"] = {{"quant_method", "gptq"}};
    });
    expect_refusal(quantised, "quantization_config = {\"quant_method\":\"gptq\"}: accepted: none");
    const Copy elsewhere("llama");
    elsewhere.edit_json("config.json",
                        [](auto& config) { config["transformers_weights"] = "b.safetensors"; });
    expect_refusal(elsewhere, "transformers_weights = \"b.safetensors\": accepted: model.safe");
    const Copy adapted("llama");
    std::ofstream(adapted.file("adapter_config.json")) << "{}";
    expect_refusal(adapted, "holds a model and an adapter (adapter_config.json)");
}

TEST(CheckpointTest, OneFileGoesBeforeAnIndex) {
    const Copy folder("llama");
    std::ofstream(folder.file(kIndex)) << "{}";
    EXPECT_LT(folder.largest_error(), kTolerance);
    EXPECT_TRUE(contains(folder.notes(),
                         "weights from model.safetensors (model.safetensors.index.json beside it"));
}

TEST(CheckpointTest, ASnapshotOfLinksIsRead) {
    const Copy folder("llama");
    const fs::path blobs = folder.path() / "blobs";
    const fs::path snapshot = folder.path() / "snapshots" / "0123abc";
    fs::create_directories(blobs);
    fs::create_directories(snapshot);
    for (const char* file : {"config.json", kWeights}) {
        fs::rename(folder.file(file), blobs / file);
        fs::create_symlink(fs::path("../../blobs") / file, snapshot / file);
    }
    expect_refusal(folder, "it is a repository in a cache of Hugging Face: give its snapshot " +
                               snapshot.string());
    BackboneParameters parameters;
    parameters.path = snapshot.string();
    EXPECT_NO_THROW(ModelFolder(parameters).check_weights());
}

TEST(CheckpointTest, AForeignFileIsNamedForWhatItIs) {
    const Copy pointer("llama");
    std::ofstream(pointer.file(kWeights))
        << "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    expect_refusal(pointer,
                   "model.safetensors: is a Git LFS pointer, not a safetensors file: 'git");
    const Copy torch("llama");
    std::ofstream(torch.file(kWeights)) << std::string("PK\x03\x04") + std::string(22, '\0') +
                                               std::string("\x10\0\0\0", 4) + "archive/data.pklFB";
    expect_refusal(torch, "is a checkpoint of PyTorch, not a safetensors file");
    const Copy page("llama");
    std::ofstream(page.file(kWeights)) << "<!DOCTYPE html><html>";
    expect_refusal(page, "is a page of HTML, not a safetensors file");
    const Copy config("llama");
    std::ofstream(config.file("config.json")) << "version https://git-lfs.github.com/spec/v1\n";
    expect_refusal(config, "config.json: is a Git LFS pointer");
}

TEST(CheckpointTest, AHeaderWhoseLengthBeginsAsGzipIsRead) {
    const test::TempFolder folder;
    constexpr std::size_t kLength = 0x8b1f;
    std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    header.resize(kLength, ' ');
    const std::string path = folder.write(
        "m.safetensors", std::string("\x1f\x8b\0\0\0\0\0\0", 8) + header + std::string(4, '\0'));
    EXPECT_TRUE(SafetensorsFile(path).contains("a"));
}

/// A folder with one file of weights, read without a model.
class PlainFolder : public test::TempFolder {
  public:
    explicit PlainFolder(const NamedTensors& tensors) {
        write_safetensors(path() / kWeights, tensors);
    }
    Checkpoint open(const CheckpointNames& names = {}) const { return {path(), names}; }
};

template <typename Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

TEST(CheckpointTest, RowsAreThoseOfTheTensor) {
    const at::Tensor x = at::rand({6, 4});
    const PlainFolder folder({{"x", x}, {"v", x[0]}});
    const Checkpoint checkpoint = folder.open();
    for (std::int64_t first = 0; first < 6; ++first)
        for (std::int64_t count = 0; first + count <= 6; ++count) {
            const at::Tensor rows = checkpoint.rows({"x", {6, 4}}, first, count);
            EXPECT_TRUE(at::equal(rows, x.narrow(0, first, count)));
            EXPECT_TRUE(rows.is_contiguous());
        }
    EXPECT_TRUE(at::equal(checkpoint.weight({"x", {6, 4}}), x));
    EXPECT_TRUE(at::equal(checkpoint.rows({"v", {4}}, 1, 2), x[0].narrow(0, 1, 2)));
}

TEST(CheckpointTest, AMatrixStoredTransposedIsTurned) {
    const at::Tensor x = at::rand({3, 5});  // (in, out) in the file
    const PlainFolder folder({{"x", x}});
    const Checkpoint checkpoint = folder.open();
    EXPECT_TRUE(at::equal(checkpoint.weight({"x", {5, 3}, true}), x.t()));
    EXPECT_TRUE(at::equal(checkpoint.rows({"x", {5, 3}, true}, 2, 2), x.t().narrow(0, 2, 2)));
    EXPECT_EQ(checkpoint.shape("x"), (std::vector<std::int64_t>{3, 5}));  // as it is stored
    EXPECT_THROW(checkpoint.weight({"x", {3, 5}, true}), DataError);
    EXPECT_THROW(checkpoint.weight({"x", {5, 3}}), DataError);
}

TEST(CheckpointTest, HalvesAreWidenedAndOtherTypesRefused) {
    const at::Tensor x = at::rand({2, 3});
    const PlainFolder folder({{"half", x.to(at::kHalf)},
                              {"brain", x.to(at::kBFloat16)},
                              {"double", x.to(at::kDouble)},
                              {"codes", at::zeros({2, 3}, at::kChar)}});
    const Checkpoint checkpoint = folder.open();
    EXPECT_TRUE(at::equal(checkpoint.weight({"half", {2, 3}}), x.to(at::kHalf).to(at::kFloat)));
    EXPECT_TRUE(
        at::equal(checkpoint.weight({"brain", {2, 3}}), x.to(at::kBFloat16).to(at::kFloat)));
    for (const auto& [name, dtype] : {std::pair("double", "F64"), std::pair("codes", "I8")})
        EXPECT_TRUE(contains(message_of([&, name = name] {
                                 checkpoint.require({name, {2, 3}});
                             }),
                             "model.safetensors: tensor \"" + std::string(name) + "\" has dtype " +
                                 dtype + "; weights are F32, F16 or BF16"));
}

TEST(CheckpointTest, APartIsRefusedForItsOwnNumbersAlone) {
    at::Tensor x = at::ones({4, 2});
    x[2][1] = std::numeric_limits<float>::infinity();
    const PlainFolder folder({{"x", x}});
    const Checkpoint checkpoint = folder.open();
    EXPECT_NO_THROW(checkpoint.require({"x", {4, 2}}));  // the header alone
    EXPECT_NO_THROW(checkpoint.rows({"x", {4, 2}}, 0, 2));
    EXPECT_NO_THROW(checkpoint.rows({"x", {4, 2}}, 3, 1));
    EXPECT_TRUE(contains(message_of([&] {
                             checkpoint.rows({"x", {4, 2}}, 2, 1);
                         }),
                         "tensor \"x\" holds a number that is infinite or NaN"));
}

TEST(CheckpointTest, NumbersOfAHalfThatIsNotFiniteAreRefused) {
    const PlainFolder folder({{"x", at::full({2}, 1e6).to(at::kHalf)}});
    EXPECT_THROW(folder.open().weight({"x", {2}}), DataError);
}

TEST(CheckpointTest, ATensorIsFoundWithAndWithoutItsPrefix) {
    const PlainFolder folder({{"net.a", at::ones({1})}, {"b", at::ones({1})}});
    const Checkpoint checkpoint = folder.open({.prefix = "net."});
    for (const char* name : {"a", "b"}) EXPECT_NO_THROW(checkpoint.require({name, {1}})) << name;
    EXPECT_EQ(checkpoint.shape("net.a"), std::nullopt);  // asked for by its plain name
    EXPECT_EQ(folder.open().shape("net.a"), std::vector<std::int64_t>{1});
    EXPECT_TRUE(contains(message_of([&] {
                             checkpoint.require({"c", {1}});
                         }),
                         "the weights have no tensor \"c\" (nor \"net.c\")"));
}

TEST(CheckpointTest, AWrongShapeIsBlamedOnWhoSaidIt) {
    const PlainFolder folder({{"x", at::ones({6, 4})}});
    const auto refusal = [&](std::map<std::string, std::int32_t, std::less<>> defaults,
                             const std::vector<std::int64_t>& shape) {
        const Checkpoint checkpoint = folder.open({.defaults = std::move(defaults)});
        return message_of([&] { checkpoint.require({"x", shape}); });
    };
    EXPECT_TRUE(contains(refusal({}, {6, 5}), "has shape [6, 4], config.json says [6, 5]"));
    EXPECT_TRUE(contains(refusal({{"width", 5}}, {6, 5}),
                         "wanted is [6, 5] with the default width = 5, which config.json does not "
                         "state"));
    // the first size is right, whatever its default
    EXPECT_TRUE(contains(refusal({{"rows", 6}}, {6, 5}), "config.json says [6, 5]"));
    EXPECT_TRUE(contains(refusal({{"a", 5}, {"b", 7}}, {6, 35}), "default a = 5, b = 7"));
    EXPECT_TRUE(contains(refusal({{"one", 1}}, {6, 5}), "config.json says [6, 5]"));
    EXPECT_TRUE(contains(refusal({{"width", 5}}, {5}), "with the default width = 5"));
}

TEST(CheckpointTest, AFingerprintChangesWithEveryNumber) {
    const at::Tensor x = at::zeros({3});
    const std::string first = PlainFolder({{"x", x}}).open().fingerprint();
    EXPECT_EQ(PlainFolder({{"x", x}}).open().fingerprint(), first);
    EXPECT_NE(PlainFolder({{"y", x}}).open().fingerprint(), first);
    at::Tensor changed = x.clone();
    changed[2] = 1e-30;
    EXPECT_NE(PlainFolder({{"x", changed}}).open().fingerprint(), first);
}

TEST(CheckpointTest, AFingerprintChangesWithTheIndex) {
    const Copy folder("qwen2");
    const std::string before = Checkpoint(folder.path(), {}).fingerprint();
    folder.edit_json(kIndex, [](auto& index) { index["metadata"] = {{"total_size", 1}}; });
    EXPECT_EQ(Checkpoint(folder.path(), {}).fingerprint(), before);  // names no file
    folder.edit_json(kIndex, [](auto& index) {
        index["weight_map"]["x"] = index["weight_map"]["model.norm.weight"];
    });
    EXPECT_NE(Checkpoint(folder.path(), {}).fingerprint(), before);
}

}  // namespace
}  // namespace mobi
