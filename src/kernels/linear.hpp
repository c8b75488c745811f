// SPDX-License-Identifier: Apache-2.0
#pragma once

// The products of a forward pass.  Behind them stands oneDNN with weights packed once
// (linear_onednn.cpp, where the LibTorch at hand uses the system's oneDNN) or ATen
// (linear_aten.cpp).  How a weight lies in memory is theirs to say.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

namespace mobi {

/// Shape and type of a weight: y (rows, out) = x (rows, in) Wᵀ.
struct LinearShape {
    std::int64_t out = 0;
    std::int64_t in = 0;
    at::ScalarType type = at::kFloat;  ///< float32 or bfloat16
};

/// What computes products, e.g. `oneDNN 2.6.3`, or `oneDNN 2.6.3, bf16 by fp32` on a processor that
/// has no products of bf16.
std::string products_by();

/// Bytes of the packed weight.
std::size_t packed_bytes(const LinearShape& shape);

/// How such a weight is packed: equal texts, equal bytes for equal weights.
std::string packing(const LinearShape& shape);

/// \param weight  (out, in), contiguous, of the shape's type.
/// \param target  packed_bytes() of them, 64-byte aligned.
void pack(const at::Tensor& weight, std::span<std::byte> target);

/// A packed weight in someone else's memory.  Thread-safe; uses the calling thread's
/// `at::set_num_threads`.
class Linear {
  public:
    /// No product.
    Linear() = default;
    Linear(const LinearShape& shape, const std::byte* packed) : shape_(shape), packed_(packed) {}

    explicit operator bool() const noexcept { return packed_ != nullptr; }
    const LinearShape& shape() const noexcept { return shape_; }

    /// y = x Wᵀ.  Summed in fp32, rounded once.
    /// \param x  (rows, in), rows contiguous.  \param y  (rows, out), rows contiguous; written.
    /// Cost: fastest when `rows` is one of few different numbers (workspace.hpp, kRowUnit).
    void multiply(const at::Tensor& x, at::Tensor& y) const;

  private:
    LinearShape shape_;
    const std::byte* packed_ = nullptr;
};

}  // namespace mobi
