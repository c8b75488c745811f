// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/prepared_weights.hpp"
#include "model/safetensors.hpp"

namespace mobi {

/// The weights of a Hugging Face folder: `model.safetensors`, or the files that
/// `model.safetensors.index.json` names.
///
/// Names are looked up with and without the family's prefix (`bert.encoder...`, `encoder...`),
/// because a model with a head is saved with it and a bare one without.
class Checkpoint : public WeightReader {
  public:
    /// \param prefix  the family's, with its dot, e.g. `"bert."`.
    /// \throws DataError  when a file is missing or malformed.
    Checkpoint(const std::filesystem::path& folder, std::string prefix);

    std::optional<std::vector<std::int64_t>> shape(std::string_view tensor) const override;

    /// \throws DataError  when it is missing, of another shape, or not F32, F16 or BF16, or
    ///                    holds a number that is not finite.
    at::Tensor rows(const TensorSource& source,
                    std::int64_t first,
                    std::int64_t count) const override;

    /// Fingerprint of all bytes of all weight files.
    std::string fingerprint() const override;

  private:
    /// A tensor's file and its name there.
    struct Place {
        const SafetensorsFile* file;
        std::string name;
    };
    std::optional<Place> find(std::string_view tensor) const;

    std::filesystem::path folder_;
    std::string prefix_;
    std::vector<SafetensorsFile> files_;
    std::vector<std::filesystem::path> paths_;
    std::map<std::string, std::size_t, std::less<>> file_of_;  ///< tensor -> index of its file
};

/// Whether there is something of that name; also where we may not look, so that opening it says
/// why.
bool is_there(const std::filesystem::path& path);

/// Whether `folder` exists; else an error that says which command fetches it, where one does.
/// \throws DataError
void require_folder(const std::filesystem::path& folder);

}  // namespace mobi
