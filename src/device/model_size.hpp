// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace mobi {

/// The dimensions of a backbone that costs depend on; symbols of docs/method.md 0 and 4.1.
struct ModelSize {
    std::int32_t layers = 0;                ///< N
    std::int32_t width = 0;                 ///< d
    std::int32_t ffn = 0;                   ///< f
    std::int32_t heads = 0;                 ///< H
    std::int32_t kv_heads = 0;              ///< H_kv; = H without grouped queries
    std::int32_t head_dim = 0;              ///< d_h
    bool gated_mlp = false;                 ///< three FFN matrices instead of two
    std::int64_t parameters = 0;            ///< P, all of them
    std::int64_t embedding_parameters = 0;  ///< those of the embedding tables, part of P
};

}  // namespace mobi
