// SPDX-License-Identifier: Apache-2.0
#pragma once

// A prepared file holds the weights of a backbone as the forward pass wants them, so that every
// rank of a node maps one copy:
//   1. a header of text: the line `MOBI prepared weights`, a line with the key of what it was made
//      from (PreparedKey), and a line for each tensor: name, dtype, shape, offset; then zeros up to
//      a multiple of 4096
//   2. the tensors, row-major, little-endian, each at a multiple of 64 bytes
// The reader computes header and size from key and plan.  A file that differs in a byte of the
// header or in its size is stale, foreign or cut off, and is made again.  A file is written under a
// lock and a temporary name, flushed to the disk, then renamed: nobody sees half a file.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/precision.hpp"
#include "model/mapped_file.hpp"

namespace mobi {

/// How a tensor is rounded and stored.
enum class TensorRole {
    Matrix,  ///< projection or embedding table: rounded as weights are, stored in the arithmetic
    Vector,  ///< bias, norm, small table: int8 and int4 models keep it in fp16; stored as fp32
};

/// A tensor of the prepared file and what it is made of.
struct PreparedTensor {
    std::string name;
    std::vector<std::string> sources;  ///< names in the checkpoint, stacked along the first axis
    std::vector<std::int64_t> shape;   ///< of the whole
    TensorRole role = TensorRole::Matrix;
};
using PreparationPlan = std::vector<PreparedTensor>;

/// Where weights come from: a folder's files, or a random generator.
class WeightReader {
  public:
    virtual ~WeightReader() = default;
    WeightReader() = default;
    WeightReader(const WeightReader&) = delete;
    WeightReader& operator=(const WeightReader&) = delete;

    /// float32 of that shape.  \throws DataError
    virtual at::Tensor weight(std::string_view name,
                              const std::vector<std::int64_t>& shape) const = 0;
    /// Tells sources apart: a hash of the content, or of the seed.
    virtual std::string fingerprint() const = 0;
};

/// What a prepared file was made from, beside the plan.
struct PreparedKey {
    std::string source;  ///< fingerprint of weights and configuration
    Precision weight_dtype = Precision::Fp32;
    Precision arithmetic = Precision::Fp32;
};

/// Weight and bias of a norm, (d) each.
struct NormWeights {
    const float* weight = nullptr;
    const float* shift = nullptr;
};

/// Prepared weights, mapped read-only or in private memory.  Thread-safe.
class PreparedWeights {
  public:
    /// \param cache  folder of the prepared files, made when absent; empty: private memory.
    /// \throws DataError  when the weights cannot be read or the file cannot be written.
    PreparedWeights(const PreparationPlan& plan,
                    const PreparedKey& key,
                    const WeightReader& reader,
                    const std::filesystem::path& cache);

    /// A view, valid as long as this object or a copy of the tensor; never write to it.
    const at::Tensor& tensor(std::string_view name) const;
    /// A Vector's numbers.
    const float* vector(std::string_view name) const;

    /// The Vectors `<name>.weight` and `<name>.bias`.
    NormWeights norm(const std::string& name) const {
        return {vector(name + ".weight"), vector(name + ".bias")};
    }
    bool contains(std::string_view name) const { return tensors_.contains(name); }

    /// The prepared file; empty when in private memory.
    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
    std::map<std::string, at::Tensor, std::less<>> tensors_;
};

}  // namespace mobi
