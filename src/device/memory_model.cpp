// SPDX-License-Identifier: Apache-2.0
#include "device/memory_model.hpp"

#include <algorithm>

namespace mobi {

double weight_bytes(const ModelSize& size, Precision weights, bool resident_embedding) {
    const auto parameters =
        resident_embedding ? size.parameters : size.parameters - size.embedding_parameters;
    return static_cast<double>(parameters) * bytes_per_number(weights);
}

double inference_memory_bytes(const ModelSize& size,
                              Precision weights,
                              bool resident_embedding,
                              int batch,
                              int tokens,
                              double activation_bytes) {
    const double b = batch;
    const double n = tokens;
    const double d = size.width;
    const double layer = b * n * (2 * d + std::max<double>(size.ffn, 3 * d));
    const double scores = b * size.heads * n * n;
    return weight_bytes(size, weights, resident_embedding) + (layer + scores) * activation_bytes;
}

}  // namespace mobi
