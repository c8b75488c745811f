// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "support/shared_data.hpp"
#include "weights/safetensors.hpp"

namespace mobi::kernels {
namespace {

std::vector<float> numbers(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kFloat).contiguous();
    return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

std::vector<float> random_numbers(std::size_t count, double scale, std::uint64_t index) {
    RandomStream stream(1, Purpose::Test, index);
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(scale * stream.normal());
    return values;
}

double largest_difference(const std::vector<float>& x, const std::vector<float>& reference) {
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        worst = std::max(worst, std::abs(double{x[i]} - double{reference[i]}));
    return worst;
}

Bf16 to_bf16(float value) {
    const at::BFloat16 rounded(value);
    return rounded.x;
}
float to_float(Bf16 value) {
    return static_cast<float>(at::BFloat16(value, at::BFloat16::from_bits()));
}

/// Every instruction set of this machine.
class KernelsTest : public ::testing::TestWithParam<std::size_t> {
  protected:
    const InstructionSet& set() const { return instruction_sets()[GetParam()]; }

    /// Attention by the formula, in double.
    static std::vector<float> naive_attention(const AttentionTask<float>& task) {
        const std::size_t dim = task.head_dim;
        const std::size_t half = dim / 2;
        const auto number = [&](std::size_t token, std::size_t column) {
            return double{task.qkv[token * task.qkv_stride + column]} + double{task.bias[column]};
        };
        // channel c of a query or key that begins at `column`, rotated
        const auto turned = [&](std::size_t token, std::size_t column, std::size_t c) {
            if (task.rotation == nullptr) return number(token, column + c);
            const float* angles = task.rotation + token * dim;
            const std::size_t pair = c % half;
            const double a = number(token, column + pair);
            const double b = number(token, column + half + pair);
            const double cosine = double{angles[pair]};
            const double sine = double{angles[half + pair]};
            return c < half ? a * cosine - b * sine : b * cosine + a * sine;
        };
        std::vector<float> out(task.queries * task.heads * dim);
        for (std::size_t head = 0; head < task.heads; ++head)
            for (std::size_t i = 0; i < task.queries; ++i) {
                const std::size_t query = task.first_query + i;
                const std::size_t keys = task.causal ? query + 1 : task.tokens;
                const std::size_t kv_head = head * task.kv_heads / task.heads;
                const std::size_t key_column = (task.heads + kv_head) * dim;
                const std::size_t value_column = key_column + task.kv_heads * dim;
                std::vector<double> weights(keys);
                double total = 0;
                for (std::size_t j = 0; j < keys; ++j) {
                    double score = 0;
                    for (std::size_t c = 0; c < dim; ++c)
                        score += turned(query, head * dim, c) * turned(j, key_column, c);
                    score /= std::sqrt(static_cast<double>(dim));
                    if (task.position_bias != nullptr)
                        score += double{task.position_bias[static_cast<std::ptrdiff_t>(
                                                               head * task.position_stride + j) -
                                                           static_cast<std::ptrdiff_t>(query)]};
                    weights[j] = std::exp(score);
                    total += weights[j];
                }
                for (std::size_t c = 0; c < dim; ++c) {
                    double sum = 0;
                    for (std::size_t j = 0; j < keys; ++j)
                        sum += weights[j] * number(j, value_column + c);
                    out[(i * task.heads + head) * dim + c] = static_cast<float>(sum / total);
                }
            }
        return out;
    }
};

TEST_P(KernelsTest, ActivationsAgreeWithTheReference) {
    MOBI_NEEDS_SHARED("vectors/ops.safetensors");
    const SafetensorsFile ops(test::shared_path("vectors/ops.safetensors"));
    const auto x = numbers(ops.tensor("activation.x"));
    for (const auto& [name, kind] : {std::pair("activation.gelu", Activation::Gelu),
                                     std::pair("activation.gelu_new", Activation::GeluTanh),
                                     std::pair("activation.relu", Activation::Relu),
                                     std::pair("activation.silu", Activation::Silu)}) {
        std::vector<float> y(x.size());
        set().single->activate({y.data(), x.data(), nullptr, 1, x.size(), kind, false});
        EXPECT_LT(largest_difference(y, numbers(ops.tensor(name))), 2e-6) << name;
    }
}

TEST_P(KernelsTest, AGatedActivationMultipliesBothHalves) {
    constexpr std::size_t kRows = 3;
    for (const std::size_t width : {1U, 16U, 37U}) {
        const auto x = random_numbers(kRows * 2 * width, 1, width);
        const auto bias = random_numbers(2 * width, 1, 100 + width);
        std::vector<float> y(kRows * width);
        set().single->activate(
            {y.data(), x.data(), bias.data(), kRows, width, Activation::Silu, true});
        for (std::size_t row = 0; row < kRows; ++row)
            for (std::size_t c = 0; c < width; ++c) {
                const double gate = double{x[row * 2 * width + c]} + double{bias[c]};
                const double up = double{x[row * 2 * width + width + c]} + double{bias[width + c]};
                EXPECT_NEAR(y[row * width + c], gate / (1 + std::exp(-gate)) * up, 2e-6);
            }
    }
}

TEST_P(KernelsTest, NormsAgreeWithTheReference) {
    MOBI_NEEDS_SHARED("vectors/ops.safetensors");
    const SafetensorsFile ops(test::shared_path("vectors/ops.safetensors"));
    const auto x = numbers(ops.tensor("norm.x"));
    const auto weight = numbers(ops.tensor("norm.weight"));
    const auto shift = numbers(ops.tensor("norm.bias"));
    for (const bool rms : {false, true}) {
        const auto reference = numbers(ops.tensor(rms ? "norm.rms_norm" : "norm.layer_norm"));
        std::vector<float> out(x.size());
        std::vector<float> scratch(weight.size());
        NormTask<float> task{};
        task.out = out.data();
        task.a = x.data();
        task.rows = x.size() / weight.size();
        task.width = weight.size();
        task.rms = rms;
        task.weight = weight.data();
        task.shift = rms ? nullptr : shift.data();
        task.eps = 1e-5F;
        task.scratch = scratch.data();
        set().single->norm(task);
        // row 2 has mean 100: fp32 done well is off by 4e-6 there
        for (std::size_t i = 0; i < out.size(); ++i)
            EXPECT_NEAR(out[i], reference[i], i / weight.size() == 2 ? 1e-5 : 1e-6) << rms;
    }
}

TEST_P(KernelsTest, ANormKeepsTheSumItIsOf) {
    constexpr std::size_t kRows = 2;
    for (const std::size_t width : {5U, 16U, 40U}) {
        const auto a = random_numbers(kRows * width, 1, width);
        const auto b = random_numbers(kRows * width, 1, 50 + width);
        const auto bias = random_numbers(width, 1, 90 + width);
        const std::vector<float> ones(width, 1.0F);
        std::vector<float> sum = a;  // in place, as a block's residual stream
        std::vector<float> out(a.size());
        std::vector<float> scratch(width);
        NormTask<float> task{};
        task.a = sum.data();
        task.b = b.data();
        task.bias = bias.data();
        task.sum = sum.data();
        task.rows = kRows;
        task.width = width;
        task.rms = true;
        task.weight = ones.data();
        task.scratch = scratch.data();
        for (float* const target : {static_cast<float*>(nullptr), out.data()}) {
            sum = a;
            task.out = target;
            set().single->norm(task);
            for (std::size_t i = 0; i < sum.size(); ++i)
                EXPECT_FLOAT_EQ(sum[i], a[i] + b[i] + bias[i % width]);
        }
        double squares = 0;
        for (std::size_t c = 0; c < width; ++c) squares += double{sum[c]} * double{sum[c]};
        for (std::size_t c = 0; c < width; ++c)
            EXPECT_NEAR(out[c], double{sum[c]} / std::sqrt(squares / static_cast<double>(width)),
                        1e-5);
    }
}

TEST_P(KernelsTest, SoftmaxInsideAttentionAgreesWithTheReference) {
    MOBI_NEEDS_SHARED("vectors/ops.safetensors");
    const SafetensorsFile ops(test::shared_path("vectors/ops.safetensors"));
    // queries = scores times the root that attention divides by (exact: a power of two), keys and
    // values = the identity, so that the result is the softmax of the scores
    for (const auto& [scores_name, out_name, head_dim] :
         {std::tuple("softmax.scores", "softmax.out", 16),
          std::tuple("softmax.big_scores", "softmax.big_out", 4)}) {
        at::Tensor scores = ops.tensor(scores_name);
        const std::int64_t n = scores.size(-1);
        if (head_dim == 16) scores = scores.masked_fill(ops.tensor("softmax.mask") == 0, -1e9);
        scores = scores.reshape({-1, n, n});
        const at::Tensor reference = ops.tensor(out_name).reshape({-1, n, n});
        const at::Tensor identity = at::eye(n, head_dim);
        const auto width = static_cast<std::size_t>(head_dim);
        for (std::int64_t k = 0; k < scores.size(0); ++k) {
            at::Tensor queries = at::zeros({n, head_dim});
            queries.slice(1, 0, n).copy_(scores[k] * std::sqrt(head_dim));
            const auto qkv = numbers(at::cat({queries, identity, identity}, 1));
            const at::Tensor result = at::empty({n, head_dim});
            std::vector<float> scratch(attention_scratch(static_cast<std::size_t>(n), width));
            AttentionTask<float> task{};
            task.qkv = qkv.data();
            task.qkv_stride = 3 * width;
            task.out = result.data_ptr<float>();
            task.out_stride = width;
            task.tokens = task.queries = static_cast<std::size_t>(n);
            task.heads = task.kv_heads = 1;
            task.head_dim = width;
            task.scratch = scratch.data();
            set().single->attention(task);
            EXPECT_LT(largest_difference(numbers(result.slice(1, 0, n)), numbers(reference[k])),
                      1e-6);
        }
    }
}

TEST_P(KernelsTest, AttentionIsTheFormulaForEveryShape) {
    const std::vector<std::pair<std::size_t, std::size_t>> shapes{
        {1, 4},   {2, 10},  {3, 16}, {5, 32},  {9, 64},
        {16, 20}, {17, 64}, {31, 8}, {64, 64}, {130, 34}};
    struct Kind {
        std::size_t kv_heads;
        bool causal, rotated, biased_by_position;
    };
    for (const auto& [tokens, head_dim] : shapes)
        for (const Kind& kind : {Kind{6, false, false, false}, Kind{6, false, false, true},
                                 Kind{6, true, false, false}, Kind{2, true, true, false},
                                 Kind{1, false, true, false}}) {
            const std::size_t heads = 6;
            const std::size_t width = heads * head_dim;
            const std::size_t row = (heads + 2 * kind.kv_heads) * head_dim;
            const auto qkv = random_numbers(tokens * row, 1, tokens);
            const auto bias = random_numbers(row, 1, 1000 + tokens);
            const std::size_t stride = 2 * tokens + 16;
            const auto position_bias = random_numbers(heads * stride, 1, 2000 + tokens);
            const auto rotation = random_numbers(tokens * head_dim, 0.7, 3000 + tokens);
            std::vector<float> out(tokens * width);
            std::vector<float> scratch(attention_scratch(tokens, head_dim));
            AttentionTask<float> task{};
            task.qkv = qkv.data();
            task.qkv_stride = row;
            task.bias = bias.data();
            task.out = out.data();
            task.out_stride = width;
            task.tokens = task.queries = tokens;
            task.heads = heads;
            task.kv_heads = kind.kv_heads;
            task.head_dim = head_dim;
            task.causal = kind.causal;
            task.rotation = kind.rotated ? rotation.data() : nullptr;
            task.position_bias =
                kind.biased_by_position ? position_bias.data() + tokens - 1 : nullptr;
            task.position_stride = stride;
            task.scratch = scratch.data();
            set().single->attention(task);
            EXPECT_LT(largest_difference(out, naive_attention(task)), 6e-6)
                << tokens << " tokens, head width " << head_dim << ", " << kind.kv_heads
                << " key heads";

            const std::vector<float> all = out;  // one query alone gives the same row
            task.first_query = tokens - 1;
            task.queries = 1;
            set().single->attention(task);
            EXPECT_LT(
                largest_difference({out.begin(), out.begin() + static_cast<std::ptrdiff_t>(width)},
                                   {all.end() - static_cast<std::ptrdiff_t>(width), all.end()}),
                1e-6);
        }
}

TEST_P(KernelsTest, Bf16AttentionIsFp32AttentionRounded) {
    const std::size_t tokens = 21;
    const std::size_t width = 64;
    const auto exact = random_numbers(tokens * 3 * width, 1, 5);
    const std::vector<float> bias(3 * width, 0.25F);
    std::vector<Bf16> half(exact.size());
    std::vector<float> rounded(exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i) {
        half[i] = to_bf16(exact[i]);
        rounded[i] = to_float(half[i]);
    }
    std::vector<float> scratch(attention_scratch(tokens, 32));
    std::vector<float> out(tokens * width);
    std::vector<Bf16> half_out(out.size());
    const auto fill = [&](auto& task, const auto& from, auto& to) {
        task.qkv = from.data();
        task.qkv_stride = 3 * width;
        task.bias = bias.data();
        task.out = to.data();
        task.out_stride = width;
        task.tokens = task.queries = tokens;
        task.heads = task.kv_heads = 2;
        task.head_dim = 32;
        task.scratch = scratch.data();
    };
    AttentionTask<float> single{};
    fill(single, rounded, out);
    set().single->attention(single);
    AttentionTask<Bf16> task{};
    fill(task, half, half_out);
    set().half->attention(task);
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(half_out[i], to_bf16(out[i])) << i;
}

TEST_P(KernelsTest, Bf16RoundsToTheNearestTiesToEven) {
    // widen and store meet in gelu of large numbers, where gelu is the identity
    const std::vector<float> values{100.0F, 100.25F, 100.5F, 101.25F, 33.0F, 1e30F, 0.0F};
    std::vector<Bf16> half(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) half[i] = to_bf16(values[i]);
    const std::vector<float> bias{0.25F, 0.75F, 0.1F, 0.0F, 0.0F, 0.0F, 0.0F};
    std::vector<Bf16> result = half;
    set().half->activate(
        {result.data(), result.data(), bias.data(), 1, result.size(), Activation::Gelu, false});
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(result[i], to_bf16(to_float(half[i]) + bias[i])) << i;
}

TEST_P(KernelsTest, PoolingKernelsDoNotReadBeyondARow) {
    for (const std::size_t width : {1U, 15U, 16U, 40U}) {
        const auto x = random_numbers(3 * width, 1, width);
        std::vector<float> sums(width);
        set().single->sum_rows(x.data(), 3, width, sums.data());
        std::vector<float> copy(3 * width);
        set().single->widen(x.data(), 3 * width, copy.data());
        EXPECT_EQ(copy, x);
        for (std::size_t c = 0; c < width; ++c)
            EXPECT_FLOAT_EQ(sums[c], x[c] + x[width + c] + x[2 * width + c]);
    }
}

INSTANTIATE_TEST_SUITE_P(Sets,
                         KernelsTest,
                         ::testing::Range(std::size_t{0}, instruction_sets().size()),
                         [](const auto& test) {
                             return std::string(instruction_sets()[test.param].name);
                         });

}  // namespace
}  // namespace mobi::kernels
