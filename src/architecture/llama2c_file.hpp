// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "architecture/transformer_config.hpp"
#include "weights/mapped_file.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

/// A checkpoint of llama2.c, version 0 (https://github.com/karpathy/llama2.c, `export.py`).
///
/// Seven int32 (width, ffn, layers, heads, key/value heads, vocabulary, positions), then fp32, each
/// kind for all layers together: word table, attention norms, wq, wk, wv, wo, MLP norms, w1 (gate),
/// w2 (down), w3 (up), final norm, two unused tables of rotation; with a negative vocabulary the
/// classifier.  Tensors bear the names of the Llama family.
///
/// The format rotates adjacent channels 2c, 2c + 1.  rows() gives the rows of wq and wk of a head
/// in the order 0, 2, ... 1, 3, ..., so that channels c and c + d_h/2 belong together as everywhere
/// else; products of queries and keys are the same.
class Llama2cFile : public WeightReader {
  public:
    /// \throws DataError  when the file is unreadable, a size is out of range or the length is not
    ///                    what the sizes say.
    explicit Llama2cFile(const std::filesystem::path& path);

    /// \param layers  keep the first n blocks; 0 = all.  \throws ConfigError  more than there are.
    TransformerConfig architecture(std::int32_t layers) const;
    /// Whether the classifier is the word table.
    bool tied() const noexcept { return tied_; }

    at::Tensor rows(const TensorSource& source,
                    std::int64_t first,
                    std::int64_t count) const override;
    std::optional<std::vector<std::int64_t>> shape(std::string_view name) const override;
    std::string fingerprint() const override;

  private:
    struct Place {
        std::size_t offset;  ///< bytes from the start of the file
        std::vector<std::int64_t> shape;
        bool adjacent = false;  ///< rows of a head are to be reordered
    };
    std::size_t place_tensors();

    MappedFile file_;
    std::string name_;
    TransformerConfig architecture_;
    bool tied_ = true;
    std::map<std::string, Place, std::less<>> places_;
};

/// The one `.bin` file of a folder that begins as a llama2.c checkpoint.
/// \throws DataError  when there is none, or more than one, or the folder cannot be listed.
std::filesystem::path find_llama2c(const std::filesystem::path& folder);

}  // namespace mobi
