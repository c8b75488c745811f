// SPDX-License-Identifier: Apache-2.0
#include "learn/archive_tensors.hpp"

#include <cstddef>
#include <span>

#include "core/check.hpp"

namespace mobi {

void archive_tensor(Archive& archive, at::Tensor& tensor) {
    MOBI_CHECK(tensor.is_contiguous() && tensor.scalar_type() == at::kFloat,
               "a tensor that no archive takes");
    archive.numbers(std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())));
}

void archive_tensors(Archive& archive, const NamedTensors& tensors) {
    for (const auto& [name, tensor] : tensors) {
        at::Tensor data = tensor.detach();
        archive_tensor(archive, data);
    }
}

}  // namespace mobi
