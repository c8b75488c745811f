// SPDX-License-Identifier: Apache-2.0
#include "model/flops.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "kernels/linear.hpp"
#include "kernels/workspace.hpp"

namespace mobi {
namespace {

/// FLOP/s over the products of a block, the best of three passes each.
/// \param prepare  takes x (tokens, in) and a weight (out, in), gives a callable that multiplies.
template <typename Prepare>
double measure_products(const ModelSize& size, Precision arithmetic, int tokens, Prepare prepare) {
    MOBI_CHECK(arithmetic == Precision::Fp32 || arithmetic == Precision::Bf16,
               "the host computes in fp32 or bf16");
    constexpr int kPasses = 3;
    const auto type = arithmetic == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
    const std::int64_t d = size.width;
    const std::int64_t heads = std::int64_t{size.head_dim} * size.heads;
    const std::int64_t kv = std::int64_t{size.head_dim} * size.kv_heads;
    const std::int64_t up = (size.gated_mlp ? 2 : 1) * std::int64_t{size.ffn};
    const std::array<std::array<std::int64_t, 2>, 4> shapes{
        {{d, heads + 2 * kv}, {heads, d}, {d, up}, {size.ffn, d}}};
    double flop = 0;
    double seconds = 0;
    const auto rows = static_cast<std::int64_t>(padded_rows(static_cast<std::size_t>(tokens)));
    for (const auto& [in, out] : shapes) {
        // any finite numbers: the time of a product does not depend on them
        const at::Tensor x = at::full({rows, in}, 0.5, type);
        const at::Tensor weight = at::full({out, in}, 0.25, type);
        const auto multiply = prepare(x, weight);
        double best = std::numeric_limits<double>::infinity();
        multiply();  // the library prepares itself
        for (int pass = 0; pass < kPasses; ++pass) {
            const auto start = ThreadClock::now();
            multiply();
            best = std::min(best, (ThreadClock::now() - start).count());
        }
        flop +=
            2.0 * static_cast<double>(rows) * static_cast<double>(in) * static_cast<double>(out);
        seconds += best;
    }
    return flop / seconds;
}

}  // namespace

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
    const c10::NoGradGuard no_autograd;
    return measure_products(
        size, arithmetic, tokens, [](const at::Tensor& x, const at::Tensor& weight) {
            const at::Tensor bias = at::zeros({weight.size(0)}, weight.scalar_type());
            return [=] { at::linear(x, weight, bias); };
        });
}

double measure_packed_peak(const ModelSize& size, Precision arithmetic, int tokens) {
    const c10::NoGradGuard no_autograd;
    return measure_products(
        size, arithmetic, tokens, [](const at::Tensor& x, const at::Tensor& weight) {
            const LinearShape shape{weight.size(0), weight.size(1), weight.scalar_type()};
            const at::Tensor memory =
                at::empty({static_cast<std::int64_t>(packed_bytes(shape))}, at::kByte);
            auto* bytes = static_cast<std::byte*>(memory.data_ptr());
            pack(weight, {bytes, packed_bytes(shape)});
            const at::Tensor y = at::empty({x.size(0), shape.out}, shape.type);
            return [=, linear = Linear(shape, bytes)] {
                (void)memory;  // keeps the packed bytes
                for_row_blocks(static_cast<std::size_t>(x.size(0)),
                               [&](std::size_t first, std::size_t, std::size_t padded) {
                                   at::Tensor target = rows_of(y, first, padded);
                                   linear.multiply(rows_of(x, first, padded), target);
                               });
            };
        });
}

}  // namespace mobi
