// SPDX-License-Identifier: Apache-2.0
#pragma once

// A prepared file holds the weights of a backbone as the forward pass wants them, so that every
// rank of a node maps one copy:
//   1. a header of text: the line `MOBI prepared weights`, a line with the key of what it was made
//      from (PreparedKey), and a line for each tensor: name, dtype, shape, offset; then zeros up to
//      a multiple of 4096
//   2. the tensors, little-endian, each at a multiple of 64 bytes: row-major, or packed for
//   products
//      (linear.hpp), as the header says
// The reader computes header and size from key and plan.  A file that differs in a byte of the
// header or in its size is stale, foreign or cut off, and is made again.  A file is written under a
// lock and a temporary name, flushed to the disk, then renamed: nobody sees half a file.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/precision.hpp"
#include "core/source_note.hpp"
#include "kernels/linear.hpp"
#include "weights/mapped_file.hpp"

namespace mobi {

/// How a tensor is rounded and stored.
enum class TensorRole {
    Matrix,  ///< weight of a product: rounded as weights are, packed in the arithmetic's type
    Table,   ///< rows are looked up: rounded as weights are, row-major in the arithmetic's type
    Vector,  ///< bias, norm, small table: int8 and int4 models keep it in fp16; stored as fp32
};

/// A tensor of a checkpoint.
struct TensorSource {
    std::string name;
    std::vector<std::int64_t> shape;  ///< of a matrix: (out, in)
    bool in_out = false;              ///< the file has the matrix as (in, out)
};

/// A tensor of the prepared file and what it is made of.
struct PreparedTensor {
    std::string name;
    std::vector<TensorSource> sources;  ///< stacked along the first axis
    TensorRole role = TensorRole::Matrix;

    /// Of the whole.
    std::vector<std::int64_t> shape() const;
};
using PreparationPlan = std::vector<PreparedTensor>;

/// Where weights come from: a folder's files, or a random generator.
class WeightReader {
  public:
    virtual ~WeightReader() = default;
    WeightReader() = default;
    WeightReader(const WeightReader&) = delete;
    WeightReader& operator=(const WeightReader&) = delete;

    /// Rows first .. first + count - 1 of a tensor (numbers, of a vector) as contiguous float32.
    /// In parts, so that a large table never lies in memory twice.  \throws DataError
    virtual at::Tensor rows(const TensorSource& source,
                            std::int64_t first,
                            std::int64_t count) const = 0;
    /// Shape of a tensor as it is stored; nullopt when there is none of that name.
    virtual std::optional<std::vector<std::int64_t>> shape(std::string_view name) const = 0;
    /// Whether there is such a tensor, as far as that can be told without reading its numbers.
    /// \throws DataError
    virtual void require(const TensorSource& source) const { static_cast<void>(source); }
    /// What was read from where, when there was a choice.
    virtual const SourceNotes& notes() const {
        static const SourceNotes none;
        return none;
    }
    /// Tells sources apart: a hash of the content, or of the seed.
    virtual std::string fingerprint() const = 0;

    /// The whole tensor.
    at::Tensor weight(const TensorSource& source) const {
        return rows(source, 0, source.shape.front());
    }
};

/// What a prepared file was made from, beside the plan.
struct PreparedKey {
    std::string source;  ///< fingerprint of weights and configuration
    Precision weight_dtype = Precision::Fp32;
    Precision arithmetic = Precision::Fp32;
};

/// Weight and bias of a norm, (d) each; an RMSNorm has no bias.
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

    /// A Table or Vector: a view, valid as long as this object or a copy of the tensor; never write
    /// to it.
    const at::Tensor& tensor(std::string_view name) const;
    /// A Matrix; valid as long as this object.
    const Linear& linear(std::string_view name) const;
    /// A Vector's numbers.
    const float* vector(std::string_view name) const;

    /// The same, or null where there is none.
    const float* optional_vector(std::string_view name) const {
        return contains(name) ? vector(name) : nullptr;
    }

    /// The Vectors `<name>.weight` and, where there is one, `<name>.bias`.
    NormWeights norm(const std::string& name) const {
        return {vector(name + ".weight"), optional_vector(name + ".bias")};
    }
    bool contains(std::string_view name) const {
        return tensors_.contains(name) || linears_.contains(name);
    }

    /// The prepared file; empty when in private memory.
    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
    std::shared_ptr<const MappedFile> mapping_;
    std::map<std::string, at::Tensor, std::less<>> tensors_;
    std::map<std::string, Linear, std::less<>> linears_;
};

}  // namespace mobi
