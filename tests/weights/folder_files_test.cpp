// SPDX-License-Identifier: Apache-2.0
#include "weights/folder_files.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/contains.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

using test::contains;

class Folder : public test::TempFolder {
  public:
    const Folder& with(const std::string& file) const {
        fs::create_directories((path() / file).parent_path());
        write(file, "{}");
        return *this;
    }
};

TEST(FolderFilesTest, WhatIsNoFolderIsNamed) {
    const Folder folder;
    folder.with("config.json");
    try {
        require_folder(folder.path() / "config.json");
        ADD_FAILURE();
    } catch (const DataError& error) {
        EXPECT_TRUE(contains(error.what(),
                             "is a file: give the folder it is in, " + folder.path().string()));
    }
    EXPECT_THROW(require_folder(folder.path() / "no"), DataError);
    EXPECT_NO_THROW(require_folder(folder.path()));
}

TEST(FolderFilesTest, ACacheNamesItsSnapshots) {
    const Folder hub;
    hub.with("models--org--name/snapshots/aaa/config.json")
        .with("models--org--name/snapshots/bbb/config.json");
    hub.write("models--org--name/blobs", "");
    fs::create_directories(hub.path() / "models--org--name/refs");
    hub.write("models--org--name/refs/main", "bbb");
    const std::string main = (hub.path() / "models--org--name/snapshots/bbb").string();
    EXPECT_TRUE(contains(instead_of_config(hub.path() / "models--org--name"),
                         "give its snapshot " + main + ","));
    EXPECT_TRUE(contains(instead_of_config(hub.path()), "give one of its snapshots, " + main));
    EXPECT_TRUE(contains(instead_of_config(hub.path() / "models--org--name/snapshots"),
                         "config.json is in a folder below: give "));
}

TEST(FolderFilesTest, AFolderAboveOrBelowIsNamed) {
    const Folder folder;
    folder.with("0_Transformer/config.json");
    EXPECT_EQ(instead_of_config(folder.path()), "config.json is in a folder below: give " +
                                                    (folder.path() / "0_Transformer").string());
    const Folder model;
    model.with("config.json").with("onnx/model.onnx");
    EXPECT_EQ(instead_of_config(model.path() / "onnx"),
              "config.json is in the folder above: give " + model.path().string());
    const Folder nothing;
    EXPECT_EQ(instead_of_config(nothing.path()), "it is empty");
}

TEST(FolderFilesTest, OtherWeightsAreNamedWithWhatToDo) {
    const auto holds = [](const std::string& file) {
        const Folder folder;
        return instead_of_weights(folder.with(file).path());
    };
    EXPECT_TRUE(
        contains(holds("pytorch_model.bin"), "it holds pytorch_model.bin, weights as a pickle"));
    EXPECT_TRUE(contains(holds("pytorch_model.bin"), kConvertPyTorch));
    EXPECT_TRUE(contains(holds("pytorch_model-00001-of-00002.bin"), kConvertPyTorch));
    EXPECT_TRUE(contains(holds("model-00001-of-00002.safetensors"), "no model.safetensors.index"));
    EXPECT_TRUE(contains(holds("adapter_config.json"), "it holds an adapter"));
    EXPECT_TRUE(contains(holds("x.Q4.gguf"), "GGUF of llama.cpp"));
    EXPECT_TRUE(contains(holds("tf_model.h5"), "TensorFlow"));
    EXPECT_TRUE(contains(holds("onnx/model.onnx"), "onnx"));
    EXPECT_EQ(holds("optimizer.pt"), "");
    EXPECT_EQ(holds("README.md"), "");
}

TEST(FolderFilesTest, TheReadmeShowsTheSameLine) {
    std::ifstream file(test::source_path("README.md"));
    const std::string readme((std::istreambuf_iterator<char>(file)), {});
    EXPECT_TRUE(contains(readme, kConvertPyTorch));
}

TEST(FolderFilesTest, AnythingOfThatNameIsThere) {
    const Folder folder;
    folder.with("file").with("below/file");
    fs::create_symlink("nowhere", folder.path() / "dangling");
    EXPECT_TRUE(is_there(folder.path() / "file"));
    EXPECT_TRUE(is_there(folder.path() / "below"));
    EXPECT_FALSE(is_there(folder.path() / "absent"));
    EXPECT_FALSE(is_there(folder.path() / "absent" / "file"));
    EXPECT_FALSE(is_there(folder.path() / "dangling"));
    fs::create_symlink("loop", folder.path() / "loop");
    EXPECT_TRUE(is_there(folder.path() / "loop"));  // opening it says why
}

TEST(FolderFilesTest, ManyFilesAreShownByTheFirstThree) {
    const Folder folder;
    for (const char* part : {"4", "2", "5", "1", "3"})
        folder.with("pytorch_model-0000" + std::string(part) + "-of-00005.bin");
    EXPECT_TRUE(contains(instead_of_weights(folder.path()),
                         "it holds pytorch_model-00001-of-00005.bin, "
                         "pytorch_model-00002-of-00005.bin, pytorch_model-00003-of-00005.bin and 2 "
                         "more, weights as a pickle"));
}

TEST(FolderFilesTest, TheFirstThingThatHelpsIsSaid) {
    const Folder adapted;  // an adapter goes before the weights of its base
    adapted.with("adapter_config.json").with("pytorch_model.bin");
    EXPECT_TRUE(contains(instead_of_weights(adapted.path()), "merge it into its base model"));
    EXPECT_TRUE(contains(instead_of_config(adapted.path()), "merge it into its base model"));
    const Folder torch;  // what can be converted goes before what can be taken elsewhere
    torch.with("pytorch_model.bin").with("model.gguf").with("tf_model.h5");
    EXPECT_TRUE(contains(instead_of_weights(torch.path()), kConvertPyTorch));
    const Folder meta;
    meta.with("params.json").with("consolidated.00.pth");
    EXPECT_TRUE(contains(instead_of_config(meta.path()), "Meta's or Mistral's own form"));
    EXPECT_TRUE(contains(instead_of_weights(meta.path()), "a checkpoint of PyTorch"));
}

TEST(FolderFilesTest, WeightsWithoutAConfigurationAreNamed) {
    for (const char* file : {"model.safetensors", "model.safetensors.index.json"}) {
        const Folder folder;
        folder.with(file);
        EXPECT_TRUE(contains(instead_of_config(folder.path()),
                             "it has weights, but config.json says what they are"));
    }
}

TEST(FolderFilesTest, EveryKindOfOtherWeightsIsKnown) {
    const std::pair<const char*, const char*> kinds[] = {{"flax_model.msgpack", "Flax"},
                                                         {"model.onnx", "ONNX"},
                                                         {"model.pth", "PyTorch"},
                                                         {"model.pt", "PyTorch"},
                                                         {"model.ckpt", "PyTorch or TensorFlow"},
                                                         {"rust_model.ot", "rust-bert"},
                                                         {"zero_to_fp32.py", "DeepSpeed"}};
    for (const auto& [file, what] : kinds) {
        const Folder folder;
        folder.with(file);
        EXPECT_TRUE(contains(instead_of_weights(folder.path()), what)) << file;
        EXPECT_TRUE(contains(instead_of_config(folder.path()), what)) << file;
    }
}

TEST(FolderFilesTest, WhatTrainingLeftIsNoModel) {
    for (const char* file : {"optimizer.pt", "scheduler.pt", "rng_state.pth", "rng_state_0.pth"}) {
        const Folder folder;
        folder.with(file);
        EXPECT_EQ(instead_of_weights(folder.path()), "") << file;
    }
    const Folder reference;
    reference.with("reference.safetensors");  // ours, not a model's
    EXPECT_EQ(instead_of_weights(reference.path()), "");
}

TEST(FolderFilesTest, ARepositoryWithoutASnapshotIsIncomplete) {
    const Folder repository;
    fs::create_directories(repository.path() / "snapshots" / "aaa");
    EXPECT_TRUE(contains(instead_of_config(repository.path()),
                         "without a snapshot that has config.json: fetch it again"));
    const Folder home;  // ~/.cache/huggingface has its models in hub
    home.with("hub/models--org--name/snapshots/aaa/config.json");
    EXPECT_TRUE(contains(instead_of_config(home.path()),
                         "give one of its snapshots, " +
                             (home.path() / "hub/models--org--name/snapshots/aaa").string()));
}

TEST(FolderFilesTest, AFolderThatCanBeFetchedSaysHow) {
    const auto refusal = [](const fs::path& folder) {
        try {
            require_folder(folder);
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_TRUE(contains(refusal("data/cache/backbones/none-of-this-name"),
                         "no such folder; data/fetch_backbones.sh"));
    EXPECT_TRUE(contains(refusal("/nowhere"),
                         "/nowhere: no such folder; path is a Hugging Face folder with"));
}

}  // namespace
}  // namespace mobi
