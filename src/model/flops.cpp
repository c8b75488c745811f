// SPDX-License-Identifier: Apache-2.0
#include "model/flops.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/check.hpp"
#include "core/clock.hpp"

namespace mobi {

double done_forward_flop(const ModelSize& size, const PackedBatch& batch, Pivot pivot) {
    MOBI_CHECK(pivot != Pivot::Auto, "the pivot must be resolved first");
    const double d = size.width;
    const double f = size.ffn;
    const double head_width = static_cast<double>(size.head_dim) * size.heads;
    const double kv_width = static_cast<double>(size.head_dim) * size.kv_heads;
    const double per_token_qkv = 2 * d * (head_width + 2 * kv_width);
    const double per_token_rest = 2 * head_width * d + (size.gated_mlp ? 6 : 4) * d * f;
    const bool one_row = pivot != Pivot::Mean;
    double flop = 0;
    for (std::size_t i = 0; i + 1 < batch.offsets.size(); ++i) {
        const double n = batch.offsets[i + 1] - batch.offsets[i];
        const double attention = 4 * n * head_width;  // of one query
        const double block = n * (per_token_qkv + attention + per_token_rest);
        const double last = one_row ? n * per_token_qkv + attention + per_token_rest : block;
        flop += (size.layers - 1) * block + last;
    }
    return flop;
}

double measure_gemm_peak(const ModelSize& size, Precision arithmetic, int tokens) {
    MOBI_CHECK(arithmetic == Precision::Fp32 || arithmetic == Precision::Bf16,
               "the host computes in fp32 or bf16");
    constexpr int kPasses = 3;
    const c10::NoGradGuard no_autograd;
    const auto type = arithmetic == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
    const std::int64_t d = size.width;
    const std::int64_t heads = std::int64_t{size.head_dim} * size.heads;
    const std::int64_t kv = std::int64_t{size.head_dim} * size.kv_heads;
    const std::int64_t up = (size.gated_mlp ? 2 : 1) * std::int64_t{size.ffn};
    const std::array<std::array<std::int64_t, 2>, 4> shapes{
        {{d, heads + 2 * kv}, {heads, d}, {d, up}, {size.ffn, d}}};
    double flop = 0;
    double seconds = 0;
    for (const auto& [in, out] : shapes) {
        // any finite numbers: the time of a product does not depend on them
        const at::Tensor x = at::full({tokens, in}, 0.5, type);
        const at::Tensor weight = at::full({out, in}, 0.25, type);
        const at::Tensor bias = at::zeros({out}, type);
        double best = std::numeric_limits<double>::infinity();
        at::linear(x, weight, bias);  // the library prepares itself
        for (int pass = 0; pass < kPasses; ++pass) {
            const auto start = WallClock::now();
            at::linear(x, weight, bias);
            best = std::min(best, (WallClock::now() - start).count());
        }
        flop += 2.0 * tokens * static_cast<double>(in) * static_cast<double>(out);
        seconds += best;
    }
    return flop / seconds;
}

}  // namespace mobi
