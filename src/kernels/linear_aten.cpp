// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <ATen/ATen.h>

#include "core/check.hpp"
#include "kernels/linear.hpp"

namespace mobi {

std::string products_by() {
    return "ATen";
}

std::size_t packed_bytes(const LinearShape& shape) {
    return static_cast<std::size_t>(shape.out * shape.in) * c10::elementSize(shape.type);
}

std::string packing(const LinearShape&) {
    return "rows";
}

void pack(const at::Tensor& weight, std::span<std::byte> target) {
    MOBI_CHECK(weight.is_contiguous() && weight.nbytes() == target.size(),
               "{} bytes of weights for {}", weight.nbytes(), target.size());
    std::memcpy(target.data(), weight.data_ptr(), target.size());
}

void Linear::multiply(const at::Tensor& x, at::Tensor& y) const {
    // from_blob wants a mutable pointer; nothing writes to a frozen weight
    const at::Tensor weight =
        at::from_blob(const_cast<std::byte*>(packed_), {shape_.out, shape_.in},
                      at::TensorOptions().dtype(shape_.type));
    at::mm_out(y, x, weight.t());
}

}  // namespace mobi
