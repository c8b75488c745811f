// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "architecture/model_folder.hpp"
#include "core/error.hpp"
#include "model/model_support.hpp"
#include "model/reference_check.hpp"
#include "support/shared_data.hpp"
#include "weights/safetensors.hpp"

namespace mobi::test {

namespace fs = std::filesystem;

inline constexpr const char* kWeights = "model.safetensors";
inline constexpr const char* kReference = "reference.safetensors";
inline constexpr const char* kIndex = "model.safetensors.index.json";

/// A copy of a golden folder (tests/golden/backbone), to be changed.
class FolderCopy {
  public:
    explicit FolderCopy(const char* name) {
        fs::copy(source_path("tests/golden/backbone") / name, path(),
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
    void remove_tensor(const char* name, const char* key) const {
        NamedTensors tensors;
        {
            const SafetensorsFile old(file(name));
            for (const auto& [other, entry] : old.entries())
                if (other != key) tensors.emplace_back(other, old.tensor(other).clone());
        }
        write_safetensors(file(name), tensors, {});
    }
    at::Tensor tensor(const char* name, const char* key) const {
        return SafetensorsFile(file(name)).tensor(key).clone();
    }

    /// Gives every tensor of a safetensors file the name that `rename` makes of it; none: drops it.
    void rename_tensors(const char* name,
                        const std::function<std::string(const std::string&)>& rename) const {
        NamedTensors tensors;
        {
            const SafetensorsFile old(file(name));
            for (const auto& [key, entry] : old.entries())
                if (const std::string changed = rename(key); !changed.empty())
                    tensors.emplace_back(changed, old.tensor(key).clone());
        }
        write_safetensors(file(name), tensors, {});
    }

    BackboneParameters parameters() const {
        BackboneParameters parameters;
        parameters.path = path().string();
        parameters.weight_dtype = Precision::Fp32;
        return parameters;
    }
    /// What was read from where.
    std::string notes() const {
        std::string text;
        for (const SourceNote& note : ModelFolder(parameters()).check_weights())
            text += describe(note) + "\n";
        return text;
    }
    std::vector<TensorError> verify() const {
        use_one_thread();
        const auto backbone = load_backbone(parameters(), Precision::Fp32, "");
        return check_reference(*backbone, file("reference.safetensors"), path());
    }
    /// The largest error against the folder's reference.
    double largest_error() const {
        double worst = 0;
        for (const TensorError& error : verify())
            if (error.compared) worst = std::max(worst, error.relative);
        return worst;
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
    TempFolder folder_;
};

inline void expect_refusal(const FolderCopy& folder, const std::string& text) {
    const std::string message = folder.refusal();
    EXPECT_NE(message.find(text), std::string::npos) << message << "\nexpected: " << text;
}

}  // namespace mobi::test
