// SPDX-License-Identifier: Apache-2.0
#include "learn/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "learn/numeric_error.hpp"

namespace mobi::test {
namespace {

using Numbers = std::vector<double>;

/// Trained in double, so that a comparison is about formulas and not about rounding.
at::Tensor tensor_of(const Numbers& numbers) {
    return at::tensor(at::ArrayRef<double>(numbers), at::kDouble).set_requires_grad(true);
}

Numbers numbers_of(const at::Tensor& tensor) {
    const double* const first = tensor.data_ptr<double>();
    return {first, first + tensor.numel()};
}

Numbers draw(RandomStream& stream, std::size_t count) {
    Numbers numbers(count);
    for (double& number : numbers) number = stream.normal();
    return numbers;
}

/// A loss whose gradient at `tensor` is `gradient`.
at::Tensor pull(const at::Tensor& tensor, const Numbers& gradient) {
    return (tensor * at::tensor(at::ArrayRef<double>(gradient), at::kDouble)).sum();
}

/// AdamW of one tensor, number by number (Loshchilov and Hutter 2019, algorithm 2, with the decay
/// multiplied by the learning rate).
struct NaiveAdamW {
    Numbers x;
    Numbers m = Numbers(x.size());
    Numbers v = Numbers(x.size());
    int steps = 0;

    void step(const Numbers& gradient, double lr, double decay) {
        ++steps;
        for (std::size_t i = 0; i < x.size(); ++i) {
            m[i] = 0.9 * m[i] + 0.1 * gradient[i];
            v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
            const double mean = m[i] / (1 - std::pow(0.9, steps));
            const double square = v[i] / (1 - std::pow(0.999, steps));
            x[i] -= lr * (mean / (std::sqrt(square) + 1e-8) + decay * x[i]);
        }
    }
};

void expect_near(const at::Tensor& tensor, const Numbers& expected) {
    const Numbers numbers = numbers_of(tensor);
    ASSERT_EQ(numbers.size(), expected.size());
    for (std::size_t i = 0; i < numbers.size(); ++i)
        EXPECT_NEAR(numbers[i], expected[i], 1e-12 * (1 + std::abs(expected[i]))) << i;
}

/// One learning rate throughout, and nothing else.
OptimizerParameters plain(double lr) {
    OptimizerParameters parameters;
    parameters.lr = lr;
    parameters.schedule = Schedule::Constant;
    parameters.warmup = 0;
    parameters.clip = 0;
    parameters.weight_decay = 0;
    return parameters;
}

TEST(ScheduleFactorTest, RisesInEqualStepsAndFallsInEqualSteps) {
    OptimizerParameters parameters;
    for (const double warmup : {0.0, 0.0625, 0.25, 0.5})
        for (const std::int64_t total : {2, 7, 64, 1000}) {
            parameters.warmup = warmup;
            const auto w = std::max<std::int64_t>(
                1, static_cast<std::int64_t>(std::ceil(warmup * static_cast<double>(total))));
            double last = 0;
            for (std::int64_t t = 0; t < total; ++t) {
                const double factor = schedule_factor(parameters, t, total);
                EXPECT_GT(factor, 0) << t << " of " << total;
                EXPECT_LE(factor, 1) << t << " of " << total;
                const double change =
                    t < w ? 1.0 / static_cast<double>(w) : -1.0 / static_cast<double>(total - w);
                if (t != w) {
                    EXPECT_NEAR(factor - last, change, 1e-12) << t << " of " << total;
                }
                if (t == w - 1 || t == w) {
                    EXPECT_EQ(factor, 1) << t << " of " << total;
                }
                last = factor;
            }
            // one more step of the same size would be none
            EXPECT_NEAR(last, total == w ? 1 : 1.0 / static_cast<double>(total - w), 1e-12);
        }
}

TEST(ScheduleFactorTest, AConstantScheduleOnlyRises) {
    OptimizerParameters parameters;
    parameters.schedule = Schedule::Constant;
    parameters.warmup = 0.25;
    for (std::int64_t t = 0; t < 40; ++t)
        EXPECT_EQ(schedule_factor(parameters, t, 40),
                  std::min(1.0, static_cast<double>(t + 1) / 10));
}

TEST(ScheduleFactorTest, WhereNothingIsLeftToFallItOnlyRises) {
    OptimizerParameters parameters;
    parameters.warmup = 1;
    for (std::int64_t t = 0; t < 8; ++t)
        EXPECT_EQ(schedule_factor(parameters, t, 8), static_cast<double>(t + 1) / 8);
    parameters.warmup = 0;
    EXPECT_EQ(schedule_factor(parameters, 0, 1), 1);
}

TEST(OptimizerTest, IsAdamWWithDecoupledDecay) {
    RandomStream stream(1, Purpose::Test);
    OptimizerParameters parameters = plain(0.03);
    parameters.weight_decay = 0.2;
    NaiveAdamW naive{draw(stream, 6)};
    const at::Tensor tensor = tensor_of(naive.x);
    Optimizer optimizer({{"x", tensor}}, parameters, 50);
    for (std::int64_t t = 0; t < 50; ++t) {
        const Numbers gradient = draw(stream, 6);
        EXPECT_EQ(optimizer.step(pull(tensor, gradient), t).learning_rate, 0.03);
        naive.step(gradient, 0.03, 0.2);
        expect_near(tensor, naive.x);
    }
}

TEST(OptimizerTest, EveryUpdateHasTheSchedulesRate) {
    RandomStream stream(2, Purpose::Test);
    OptimizerParameters parameters = plain(0.1);
    parameters.schedule = Schedule::Linear;
    parameters.warmup = 0.3;
    NaiveAdamW naive{draw(stream, 3)};
    const at::Tensor tensor = tensor_of(naive.x);
    Optimizer optimizer({{"x", tensor}}, parameters, 20);
    for (std::int64_t t = 0; t < 20; ++t) {
        const Numbers gradient = draw(stream, 3);
        const double lr = 0.1 * schedule_factor(parameters, t, 20);
        EXPECT_EQ(optimizer.step(pull(tensor, gradient), t).learning_rate, lr);
        naive.step(gradient, lr, 0);
        expect_near(tensor, naive.x);
    }
}

/// Tensors take part at random.  One that does not keeps its numbers, its moments and its count of
/// steps, and the others do not feel it.
TEST(OptimizerTest, ATensorWithoutAGradientIsNotTouched) {
    RandomStream stream(3, Purpose::Test);
    OptimizerParameters parameters = plain(0.05);
    parameters.weight_decay = 0.1;
    std::vector<NaiveAdamW> naive;
    NamedTensors tensors;
    for (std::size_t i = 0; i < 3; ++i) {
        naive.push_back({draw(stream, 2 + i)});
        tensors.emplace_back(std::to_string(i), tensor_of(naive.back().x));
    }
    Optimizer optimizer(tensors, parameters, 60);
    for (std::int64_t t = 0; t < 60; ++t) {
        at::Tensor loss = at::zeros({}, at::kDouble);
        const std::uint64_t present = 1 + stream.below(7);
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            if ((present >> i & 1U) == 0) continue;
            const Numbers gradient = draw(stream, naive[i].x.size());
            loss = loss + pull(tensors[i].second, gradient);
            naive[i].step(gradient, 0.05, 0.1);
        }
        optimizer.step(loss, t);
        for (std::size_t i = 0; i < tensors.size(); ++i) expect_near(tensors[i].second, naive[i].x);
    }
}

/// Tensors take part at random, gradients are clipped at times, and a step is skipped.
TEST(OptimizerTest, CallsForAllTensorsComputeTheSameNumbers) {
    RandomStream stream(6, Purpose::Test);
    for (const double decay : {0.0, 0.1}) {
        OptimizerParameters parameters = plain(0.05);
        parameters.weight_decay = decay;
        parameters.clip = 3;
        parameters.on_nan = OnNan::Skip;
        NamedTensors one, all;
        for (std::size_t i = 0; i < 4; ++i) {
            const Numbers start = draw(stream, 1 + i);
            one.emplace_back(std::to_string(i), tensor_of(start));
            all.emplace_back(std::to_string(i), tensor_of(start));
        }
        Optimizer by_tensor(one, parameters, 60);
        parameters.calls = OptimizerCalls::Foreach;
        Optimizer by_list(all, parameters, 60);
        for (std::int64_t t = 0; t < 60; ++t) {
            at::Tensor loss = at::zeros({}, at::kDouble), same = loss;
            const std::uint64_t present = 1 + stream.below(15);
            for (std::size_t i = 0; i < one.size(); ++i) {
                if ((present >> i & 1U) == 0) continue;
                Numbers gradient = draw(stream, i + 1);
                if (t == 30) gradient[0] = std::nan("");
                loss = loss + pull(one[i].second, gradient);
                same = same + pull(all[i].second, gradient);
            }
            const Optimizer::Step first = by_tensor.step(loss, t);
            const Optimizer::Step second = by_list.step(same, t);
            EXPECT_EQ(first.skipped, t == 30);
            EXPECT_EQ(second.skipped, t == 30);
            if (t != 30) {
                EXPECT_EQ(first.gradient_norm, second.gradient_norm);
            }
            for (std::size_t i = 0; i < one.size(); ++i)
                expect_near(all[i].second, numbers_of(one[i].second));
        }
    }
}

TEST(OptimizerTest, GradientsOfEarlierUpdatesAreForgotten) {
    const at::Tensor tensor = tensor_of({1, 2});
    Optimizer optimizer({{"x", tensor}}, plain(0.1), 10);
    for (std::int64_t t = 0; t < 5; ++t)
        EXPECT_NEAR(optimizer.step(pull(tensor, {3, 4}), t).gradient_norm, 5, 1e-12);
}

TEST(OptimizerTest, TheNormIsJointAndOfWhatHasAGradient) {
    const NamedTensors tensors{
        {"a", tensor_of({1, 1})}, {"b", tensor_of({1})}, {"c", tensor_of({1})}};
    Optimizer optimizer(tensors, plain(0.1), 10);
    const at::Tensor both = pull(tensors[0].second, {2, 3}) + pull(tensors[1].second, {6});
    EXPECT_NEAR(optimizer.step(both, 0).gradient_norm, 7, 1e-12);
    EXPECT_NEAR(optimizer.step(pull(tensors[2].second, {-4}), 1).gradient_norm, 4, 1e-12);
}

TEST(OptimizerTest, AGradientBeyondTheNormIsScaledDownAsAWhole) {
    RandomStream stream(4, Purpose::Test);
    OptimizerParameters parameters = plain(0.1);
    parameters.clip = 1.5;
    NaiveAdamW first{draw(stream, 4)};
    NaiveAdamW second{draw(stream, 3)};
    const NamedTensors tensors{{"a", tensor_of(first.x)}, {"b", tensor_of(second.x)}};
    Optimizer optimizer(tensors, parameters, 30);
    int clipped = 0;
    for (std::int64_t t = 0; t < 30; ++t) {
        Numbers a = draw(stream, 4);
        Numbers b = draw(stream, 3);
        const double size = stream.uniform();  // some are within the norm
        double squares = 0;
        for (Numbers* const part : {&a, &b})
            for (double& number : *part) {
                number *= size;
                squares += number * number;
            }
        const double norm = std::sqrt(squares);
        const at::Tensor loss = pull(tensors[0].second, a) + pull(tensors[1].second, b);
        EXPECT_NEAR(optimizer.step(loss, t).gradient_norm, norm, 1e-12) << "before clipping";
        if (norm > 1.5) {
            ++clipped;
            // 1e-6 as torch.nn.utils.clip_grad_norm_ has it
            for (Numbers* const part : {&a, &b})
                for (double& number : *part) number *= 1.5 / (norm + 1e-6);
        }
        first.step(a, 0.1, 0);
        second.step(b, 0.1, 0);
        expect_near(tensors[0].second, first.x);
        expect_near(tensors[1].second, second.x);
    }
    EXPECT_GT(clipped, 5);
    EXPECT_LT(clipped, 25);
}

TEST(OptimizerTest, WithoutARateNothingMoves) {
    const at::Tensor tensor = tensor_of({1, 2, 3});
    OptimizerParameters parameters;
    parameters.lr = 0;
    Optimizer optimizer({{"x", tensor}}, parameters, 5);
    for (std::int64_t t = 0; t < 5; ++t) optimizer.step(pull(tensor, {1, -1, 1e6}), t);
    EXPECT_EQ(numbers_of(tensor), (Numbers{1, 2, 3}));
}

TEST(OptimizerTest, DescendsIntoTheMinimumOfABowl) {
    RandomStream stream(5, Purpose::Test);
    const Numbers bottom = draw(stream, 8);
    const at::Tensor target = at::tensor(at::ArrayRef<double>(bottom), at::kDouble);
    const at::Tensor tensor = tensor_of(Numbers(8, 0));
    OptimizerParameters parameters;
    parameters.lr = 0.1;
    parameters.weight_decay = 0;
    Optimizer optimizer({{"x", tensor}}, parameters, 400);
    for (std::int64_t t = 0; t < 400; ++t) optimizer.step((tensor - target).square().sum(), t);
    for (std::size_t i = 0; i < bottom.size(); ++i)
        EXPECT_NEAR(numbers_of(tensor)[i], bottom[i], 1e-3) << i;
}

TEST(OptimizerTest, AStepThatIsNotFiniteStopsTheRunOrChangesNothing) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    for (const OnNan on_nan : {OnNan::Stop, OnNan::Skip}) {
        OptimizerParameters parameters;
        parameters.on_nan = on_nan;
        const at::Tensor x = tensor_of({1, 2, 3});
        const at::Tensor same = tensor_of({1, 2, 3});
        Optimizer optimizer({{"x", x}}, parameters, 10);
        Optimizer spared({{"x", same}}, parameters, 10);
        optimizer.step(pull(x, {1, -1, 2}), 0);
        spared.step(pull(same, {1, -1, 2}), 0);
        const Numbers before = numbers_of(x);
        const std::vector<at::Tensor> losses{pull(x, {1, std::nan(""), 1}),
                                             pull(x, {1, kInfinity, 1}),
                                             (x * 0).sum() + std::nan("")};
        for (const at::Tensor& loss : losses) {
            if (on_nan == OnNan::Stop) {
                EXPECT_THROW(optimizer.step(loss, 1), NumericError);
            } else {
                const Optimizer::Step step = optimizer.step(loss, 1);
                EXPECT_TRUE(step.skipped);
                EXPECT_DOUBLE_EQ(step.learning_rate,
                                 parameters.lr * schedule_factor(parameters, 1, 10));
            }
            EXPECT_EQ(numbers_of(x), before);
        }
        EXPECT_FALSE(optimizer.step(pull(x, {3, 1, 1}), 2).skipped);
        spared.step(pull(same, {3, 1, 1}), 2);
        EXPECT_EQ(numbers_of(x), numbers_of(same)) << "moments and step counts, too";
    }
}

}  // namespace
}  // namespace mobi::test
