// SPDX-License-Identifier: Apache-2.0
#include "model/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "model/safetensors.hpp"
#include "support/shared_data.hpp"

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
        const std::size_t width = task.heads * task.head_dim;
        const auto number = [&](std::size_t token, std::size_t column) {
            return double{task.qkv[token * task.qkv_stride + column]} + double{task.bias[column]};
        };
        std::vector<float> out(task.queries * width);
        for (std::size_t head = 0; head < task.heads; ++head)
            for (std::size_t i = 0; i < task.queries; ++i) {
                const std::size_t query = task.first_query + i;
                std::vector<double> weights(task.tokens);
                double total = 0;
                for (std::size_t j = 0; j < task.tokens; ++j) {
                    double score = 0;
                    for (std::size_t c = 0; c < task.head_dim; ++c)
                        score += number(query, head * task.head_dim + c) *
                                 number(j, width + head * task.head_dim + c);
                    score /= std::sqrt(static_cast<double>(task.head_dim));
                    if (task.position_bias != nullptr)
                        score += double{task.position_bias[static_cast<std::ptrdiff_t>(
                                                               head * task.position_stride + j) -
                                                           static_cast<std::ptrdiff_t>(query)]};
                    weights[j] = std::exp(score);
                    total += weights[j];
                }
                for (std::size_t c = 0; c < task.head_dim; ++c) {
                    double sum = 0;
                    for (std::size_t j = 0; j < task.tokens; ++j)
                        sum += weights[j] * number(j, 2 * width + head * task.head_dim + c);
                    out[i * width + head * task.head_dim + c] = static_cast<float>(sum / total);
                }
            }
        return out;
    }
};

TEST_P(KernelsTest, GeluAgreesWithTheReference) {
    MOBI_NEEDS_SHARED("vectors/ops.safetensors");
    const SafetensorsFile ops(test::shared_path("vectors/ops.safetensors"));
    auto x = numbers(ops.tensor("activation.x"));
    const auto reference = numbers(ops.tensor("activation.gelu"));
    const std::vector<float> zero(x.size(), 0.0F);
    set().single->bias_gelu(x.data(), zero.data(), 1, x.size());
    EXPECT_LT(largest_difference(x, reference), 1e-6);
}

TEST_P(KernelsTest, LayerNormAgreesWithTheReference) {
    MOBI_NEEDS_SHARED("vectors/ops.safetensors");
    const SafetensorsFile ops(test::shared_path("vectors/ops.safetensors"));
    const auto x = numbers(ops.tensor("norm.x"));
    const auto weight = numbers(ops.tensor("norm.weight"));
    const auto shift = numbers(ops.tensor("norm.bias"));
    const auto reference = numbers(ops.tensor("norm.layer_norm"));
    std::vector<float> out(x.size());
    std::vector<float> scratch(weight.size());
    NormTask<float> task{};
    task.out = out.data();
    task.a = x.data();
    task.rows = 4;
    task.width = weight.size();
    task.weight = weight.data();
    task.shift = shift.data();
    task.eps = 1e-5F;
    task.scratch = scratch.data();
    set().single->layer_norm(task);
    // row 2 has mean 100: fp32 done well is off by 4e-6 there
    for (std::size_t i = 0; i < out.size(); ++i)
        EXPECT_NEAR(out[i], reference[i], i / weight.size() == 2 ? 1e-5 : 1e-6);
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
            task.heads = 1;
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
        {16, 20}, {17, 64}, {31, 8}, {64, 64}, {130, 33}};
    for (const auto& [tokens, head_dim] : shapes)
        for (const bool with_position_bias : {false, true}) {
            const std::size_t heads = 3;
            const std::size_t width = heads * head_dim;
            const auto qkv = random_numbers(tokens * 3 * width, 1, tokens);
            const auto bias = random_numbers(3 * width, 1, 1000 + tokens);
            const std::size_t stride = 2 * tokens + 16;
            const auto position_bias = random_numbers(heads * stride, 1, 2000 + tokens);
            std::vector<float> out(tokens * width);
            std::vector<float> scratch(attention_scratch(tokens, head_dim));
            AttentionTask<float> task{};
            task.qkv = qkv.data();
            task.qkv_stride = 3 * width;
            task.bias = bias.data();
            task.out = out.data();
            task.out_stride = width;
            task.tokens = task.queries = tokens;
            task.heads = heads;
            task.head_dim = head_dim;
            task.position_bias = with_position_bias ? position_bias.data() + tokens - 1 : nullptr;
            task.position_stride = stride;
            task.scratch = scratch.data();
            set().single->attention(task);
            EXPECT_LT(largest_difference(out, naive_attention(task)), 5e-6)
                << tokens << " tokens, head width " << head_dim;

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
    AttentionTask<float> single{rounded.data(), 3 * width, bias.data(),   out.data(), width,
                                tokens,         0,         tokens,        2,          32,
                                nullptr,        0,         scratch.data()};
    set().single->attention(single);
    AttentionTask<Bf16> task{
        half.data(), 3 * width, bias.data(), half_out.data(), width, tokens,        0,
        tokens,      2,         32,          nullptr,         0,     scratch.data()};
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
    set().half->bias_gelu(result.data(), bias.data(), 1, result.size());
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
