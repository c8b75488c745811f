// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <ATen/core/Tensor.h>

namespace mobi {

/// Rows are multiplied in blocks of kRowBlock, so that a block's intermediate results stay in the
/// cache; the last block is filled up to a multiple of kRowUnit with rows that nobody reads,
/// because a product of a row count not seen before costs the library a compilation.
inline constexpr std::size_t kRowBlock = 512;
inline constexpr std::size_t kRowUnit = 32;

constexpr std::size_t padded_rows(std::size_t rows) {
    return (rows + kRowUnit - 1) / kRowUnit * kRowUnit;
}

/// Calls `body(first, used, padded)` for each block of `rows` rows.
template <typename Body>
void for_row_blocks(std::size_t rows, Body body) {
    for (std::size_t first = 0; first < rows; first += kRowBlock) {
        const std::size_t used = rows - first < kRowBlock ? rows - first : kRowBlock;
        body(first, used, padded_rows(used));
    }
}

/// The `count` rows of a matrix from row `first` on: a view.
at::Tensor rows_of(const at::Tensor& matrix, std::size_t first, std::size_t count);

/// The buffers of one forward pass.  Of the forward's type, finite everywhere.
struct Workspace {
    at::Tensor states;            ///< (T, d) the current layer's output
    at::Tensor qkv;               ///< (T, (H + 2 H_kv) d_h)
    at::Tensor context;           ///< (T, H d_h) what attention gives
    at::Tensor words;             ///< (kRowBlock, e) where the embedding has a width of its own
    at::Tensor product;           ///< (kRowBlock, d)
    at::Tensor normed;            ///< (kRowBlock, d)
    at::Tensor hidden;            ///< (kRowBlock, f), gated: (kRowBlock, 2 f)
    at::Tensor gated;             ///< (kRowBlock, f) where the MLP is gated
    at::Tensor scratch;           ///< (S) float32, for kernels
    std::vector<float> rotation;  ///< rows of a rotation table, kept from pass to pass
};

/// What a pass needs; 0: not at all.
struct WorkspaceShape {
    std::size_t tokens = 0;
    std::size_t width = 0;
    std::size_t qkv = 0;
    std::size_t context = 0;
    std::size_t words = 0;
    std::size_t hidden = 0;
    std::size_t gated = 0;
    std::size_t scratch = 0;
};

/// Buffers for reuse: allocating a few megabytes for each pass would cost more in page faults than
/// a LayerNorm.  Thread-safe; as many workspaces live as passes ran at the same time.
class WorkspacePool {
  public:
    using Lease = std::unique_ptr<Workspace, std::function<void(Workspace*)>>;

    explicit WorkspacePool(at::ScalarType type) : type_(type) {}

    /// A workspace of at least that size; it returns to the pool, which must live longer.
    Lease lease(const WorkspaceShape& shape);

  private:
    at::ScalarType type_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace mobi
