// SPDX-License-Identifier: Apache-2.0
// Attention against its formula in double precision: every size, stride and switch, and what must
// not make a difference.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/kernel_numbers.hpp"
#include "kernels/kernels.hpp"

namespace mobi::kernels {
namespace {

using test::allowed;
using test::for_types;
using test::kernels_of;
using test::normal_numbers;
using test::poison;
using test::stored;
using test::wide;

/// A task and all that it points to.
template <typename T>
struct Problem {
    std::vector<T> qkv, out;
    std::vector<float> bias, rotation, position_bias, scratch;
    AttentionTask<T> task{};

    std::size_t width() const { return task.heads * task.head_dim; }
    std::size_t row() const { return (task.heads + 2 * task.kv_heads) * task.head_dim; }

    /// Points the task at the numbers, which may have moved.
    AttentionTask<T>& connect() {
        task.qkv = qkv.data();
        task.out = out.data();
        task.bias = bias.empty() ? nullptr : bias.data();
        task.rotation = rotation.empty() ? nullptr : rotation.data();
        task.position_bias =
            position_bias.empty() ? nullptr : position_bias.data() + task.tokens - 1;
        task.position_stride = 2 * task.tokens + 16;
        scratch.assign(attention_scratch(task.tokens, task.head_dim),
                       std::numeric_limits<float>::quiet_NaN());
        task.scratch = scratch.data();
        return task;
    }
    const std::vector<T>& run(const InstructionSet& set) {
        kernels_of<T>(set).attention(connect());
        return out;
    }
};

constexpr float kUntouched = 12345.0F;

template <typename T>
Problem<T> random_problem(RandomStream& random, std::size_t tokens, std::size_t head_dim) {
    Problem<T> problem;
    AttentionTask<T>& task = problem.task;
    task.tokens = tokens;
    task.head_dim = head_dim;
    task.kv_heads = 1 + random.below(3);
    task.heads = task.kv_heads * (1 + random.below(3));
    task.causal = random.below(2) == 0;
    task.first_query = random.below(tokens);
    task.queries = 1 + random.below(tokens - task.first_query);
    task.qkv_stride = problem.row() + random.below(5);
    task.out_stride = problem.width() + random.below(5);
    problem.qkv.assign(tokens * task.qkv_stride, poison<T>());
    for (std::size_t token = 0; token < tokens; ++token) {
        const auto values = normal_numbers<T>(random, problem.row());
        std::copy(values.begin(), values.end(),
                  problem.qkv.begin() + static_cast<std::ptrdiff_t>(token * task.qkv_stride));
    }
    problem.out.assign(task.queries * task.out_stride, stored<T>(kUntouched));
    if (random.below(2) == 0) problem.bias = normal_numbers<float>(random, problem.row());
    if (head_dim % 2 == 0 && random.below(2) == 0)
        problem.rotation = normal_numbers<float>(random, tokens * head_dim, 0.7);
    if (random.below(2) == 0)
        problem.position_bias = normal_numbers<float>(random, task.heads * (2 * tokens + 16));
    return problem;
}

/// softmax(q k / sqrt d_h + position bias) v of one query and head, (head_dim).
template <typename T>
std::vector<double> naive_head(const AttentionTask<T>& task, std::size_t query, std::size_t head) {
    const std::size_t dim = task.head_dim;
    const auto vector_at = [&](std::size_t token, std::size_t column, bool turns) {
        std::vector<double> x(dim);
        for (std::size_t c = 0; c < dim; ++c)
            x[c] = wide(task.qkv[token * task.qkv_stride + column + c]) +
                   (task.bias == nullptr ? 0 : double{task.bias[column + c]});
        if (!turns || task.rotation == nullptr) return x;
        std::vector<double> y(dim);
        const float* angles = task.rotation + token * dim;
        for (std::size_t c = 0; c < dim / 2; ++c) {
            const double cosine = angles[c];
            const double sine = angles[dim / 2 + c];
            y[c] = x[c] * cosine - x[dim / 2 + c] * sine;
            y[dim / 2 + c] = x[c] * sine + x[dim / 2 + c] * cosine;
        }
        return y;
    };
    const std::size_t kv_head = head * task.kv_heads / task.heads;
    const auto q = vector_at(query, head * dim, true);
    std::vector<double> scores;
    for (std::size_t key = 0; key < (task.causal ? query + 1 : task.tokens); ++key) {
        const auto k = vector_at(key, (task.heads + kv_head) * dim, true);
        double score = 0;
        for (std::size_t c = 0; c < dim; ++c) score += q[c] * k[c];
        score /= std::sqrt(static_cast<double>(dim));
        if (task.position_bias != nullptr)
            score += double{
                task.position_bias[static_cast<std::ptrdiff_t>(head * task.position_stride + key) -
                                   static_cast<std::ptrdiff_t>(query)]};
        scores.push_back(score);
    }
    const double top = *std::max_element(scores.begin(), scores.end());
    std::vector<double> result(dim);
    double total = 0;
    for (std::size_t key = 0; key < scores.size(); ++key) {
        const double weight = std::exp(scores[key] - top);
        const auto v = vector_at(key, (task.heads + task.kv_heads + kv_head) * dim, false);
        total += weight;
        for (std::size_t c = 0; c < dim; ++c) result[c] += weight * v[c];
    }
    for (double& value : result) value /= total;
    return result;
}

class AttentionTest : public ::testing::TestWithParam<std::size_t> {
  protected:
    const InstructionSet& set() const { return instruction_sets()[GetParam()]; }
};

TEST_P(AttentionTest, IsTheFormulaForOddSizesStridesAndSwitches) {
    RandomStream random(1, Purpose::Test);
    const std::size_t widths[] = {1, 2, 3, 5, 8, 15, 16, 17, 24, 31, 32, 33, 50, 64};
    for (int round = 0; round < 150; ++round)
        for_types([&]<typename T>(T) {
            auto problem = random_problem<T>(random, 1 + random.below(40),
                                             widths[random.below(std::size(widths))]);
            problem.run(set());
            const AttentionTask<T>& task = problem.task;
            for (std::size_t i = 0; i < task.queries; ++i) {
                const T* row = problem.out.data() + i * task.out_stride;
                for (std::size_t head = 0; head < task.heads; ++head) {
                    const auto expected = naive_head(task, task.first_query + i, head);
                    for (std::size_t c = 0; c < task.head_dim; ++c)
                        ASSERT_NEAR(wide(row[head * task.head_dim + c]), expected[c],
                                    allowed<T>(expected[c], 2e-5))
                            << task.tokens << " tokens, width " << task.head_dim;
                }
                for (std::size_t c = problem.width(); c < task.out_stride; ++c)
                    ASSERT_EQ(row[c], stored<T>(kUntouched)) << "beside the row";
            }
        });
}

TEST_P(AttentionTest, AQueryDoesNotFeelWhichOthersAreComputed) {
    RandomStream random(2, Purpose::Test);
    for (int round = 0; round < 30; ++round)
        for_types([&]<typename T>(T) {
            auto problem = random_problem<T>(random, 1 + random.below(40), 1 + random.below(40));
            AttentionTask<T>& task = problem.task;
            task.first_query = 0;
            task.queries = task.tokens;
            problem.out.assign(task.tokens * task.out_stride, stored<T>(kUntouched));
            const std::vector<T> all = problem.run(set());
            for (std::size_t query = 0; query < task.tokens; query += 3) {
                task.first_query = query;
                task.queries = 1;
                problem.run(set());
                for (std::size_t c = 0; c < problem.width(); ++c)
                    ASSERT_EQ(problem.out[c], all[query * task.out_stride + c]);
            }
        });
}

TEST_P(AttentionTest, ACausalQueryDoesNotSeeWhatComesLater) {
    RandomStream random(3, Purpose::Test);
    for (int round = 0; round < 30; ++round)
        for_types([&]<typename T>(T) {
            auto problem = random_problem<T>(random, 2 + random.below(40), 1 + random.below(40));
            AttentionTask<T>& task = problem.task;
            task.causal = true;
            task.first_query = 0;
            task.queries = task.tokens;
            problem.out.assign(task.tokens * task.out_stride, stored<T>(kUntouched));
            const std::vector<T> before = problem.run(set());
            const std::size_t seen = 1 + random.below(task.tokens - 1);
            for (std::size_t token = seen; token < task.tokens; ++token)
                for (std::size_t c = 0; c < problem.row(); ++c)
                    problem.qkv[token * task.qkv_stride + c] = stored<T>(100.0F);
            problem.run(set());
            for (std::size_t query = 0; query < seen; ++query)
                for (std::size_t c = 0; c < problem.width(); ++c)
                    ASSERT_EQ(problem.out[query * task.out_stride + c],
                              before[query * task.out_stride + c])
                        << query << " of " << seen;
        });
}

TEST_P(AttentionTest, WeightsAddUpToOne) {
    RandomStream random(4, Purpose::Test);
    for (int round = 0; round < 60; ++round)
        for_types([&]<typename T>(T) {
            auto problem = random_problem<T>(random, 1 + random.below(50), 1 + random.below(20));
            problem.bias.clear();
            const AttentionTask<T>& task = problem.task;
            const std::size_t values = (task.heads + task.kv_heads) * task.head_dim;
            for (std::size_t token = 0; token < task.tokens; ++token)
                for (std::size_t c = values; c < problem.row(); ++c)
                    problem.qkv[token * task.qkv_stride + c] = stored<T>(3.0F);
            problem.run(set());
            for (std::size_t i = 0; i < task.queries; ++i)
                for (std::size_t c = 0; c < problem.width(); ++c)
                    ASSERT_NEAR(wide(problem.out[i * task.out_stride + c]), 3, 5e-6);
        });
}

TEST_P(AttentionTest, TheOrderOfTheKeysDoesNotMatter) {
    RandomStream random(5, Purpose::Test);
    for (int round = 0; round < 20; ++round) {
        auto problem = random_problem<float>(random, 2 + random.below(40), 1 + random.below(40));
        AttentionTask<float>& task = problem.task;
        task.causal = false;
        problem.rotation.clear();
        problem.position_bias.clear();
        task.first_query = 0;
        task.queries = task.tokens;
        problem.out.assign(task.tokens * task.out_stride, kUntouched);
        const auto before = problem.run(set());
        const std::size_t shift = 1 + random.below(task.tokens - 1);  // tokens go round
        auto turned = problem;
        std::rotate(turned.qkv.begin(),
                    turned.qkv.begin() + static_cast<std::ptrdiff_t>(shift * task.qkv_stride),
                    turned.qkv.end());
        const auto after = turned.run(set());
        for (std::size_t query = 0; query < task.tokens; ++query)
            for (std::size_t c = 0; c < problem.width(); ++c)
                ASSERT_NEAR(after[query * task.out_stride + c],
                            before[(query + shift) % task.tokens * task.out_stride + c], 1e-5);
    }
}

TEST_P(AttentionTest, ScoresOfAnyHeightAreSoftened) {
    // one query, whose scores with the keys are 0, 1000, 2000 ...: the last key alone counts
    constexpr std::size_t kTokens = 19;
    for (const float height : {1000.0F, 1e30F, -1000.0F}) {
        Problem<float> problem;
        AttentionTask<float>& task = problem.task;
        task.tokens = kTokens;
        task.heads = task.kv_heads = task.head_dim = task.queries = 1;
        task.qkv_stride = 3;
        task.out_stride = 1;
        for (std::size_t token = 0; token < kTokens; ++token)
            problem.qkv.insert(problem.qkv.end(), {1.0F, height * static_cast<float>(token),
                                                   static_cast<float>(token)});
        problem.out = {kUntouched};
        EXPECT_EQ(problem.run(set())[0], height > 0 ? 18.0F : 0.0F) << height;
    }
}

TEST_P(AttentionTest, OneTokenSeesItself) {
    RandomStream random(6, Purpose::Test);
    for_types([&]<typename T>(T) {
        for (std::size_t head_dim = 1; head_dim < 40; ++head_dim) {
            auto problem = random_problem<T>(random, 1, head_dim);
            problem.bias.clear();
            problem.run(set());
            const AttentionTask<T>& task = problem.task;
            for (std::size_t head = 0; head < task.heads; ++head) {
                const std::size_t kv_head = head * task.kv_heads / task.heads;
                for (std::size_t c = 0; c < head_dim; ++c)
                    ASSERT_EQ(problem.out[head * head_dim + c],
                              problem.qkv[(task.heads + task.kv_heads + kv_head) * head_dim + c]);
            }
        }
    });
}

TEST_P(AttentionTest, NothingBehindTheScratchIsTouched) {
    RandomStream random(7, Purpose::Test);
    for (int round = 0; round < 60; ++round) {
        auto problem = random_problem<float>(random, 1 + random.below(70), 1 + random.below(70));
        problem.connect();
        const std::size_t size = problem.scratch.size();
        problem.scratch.resize(size + 64, kUntouched);
        problem.task.scratch = problem.scratch.data();
        set().single->attention(problem.task);
        for (std::size_t i = size; i < problem.scratch.size(); ++i)
            ASSERT_EQ(problem.scratch[i], kUntouched)
                << problem.task.tokens << " tokens, width " << problem.task.head_dim;
    }
}

INSTANTIATE_TEST_SUITE_P(Sets,
                         AttentionTest,
                         ::testing::Range(std::size_t{0}, instruction_sets().size()),
                         [](const auto& test) {
                             return std::string(instruction_sets()[test.param].name);
                         });

}  // namespace
}  // namespace mobi::kernels
