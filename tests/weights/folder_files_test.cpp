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

}  // namespace
}  // namespace mobi
