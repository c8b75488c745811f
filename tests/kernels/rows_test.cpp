// SPDX-License-Identifier: Apache-2.0
// Norms, activations and pooling against their formulas in double precision.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <set>
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
using test::stored;
using test::wide;

const std::size_t kWidths[] = {1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 100};

class RowsTest : public ::testing::TestWithParam<std::size_t> {
  protected:
    const InstructionSet& set() const { return instruction_sets()[GetParam()]; }
};

TEST(InstructionSetsTest, TheFirstIsGenericAndTheLastTheBest) {
    const auto sets = instruction_sets();
    ASSERT_FALSE(sets.empty());
    EXPECT_STREQ(sets.front().name, "generic");
    EXPECT_EQ(&best<float>(), sets.back().single);
    EXPECT_EQ(&best<Bf16>(), sets.back().half);
    std::set<std::string> names;
    for (const InstructionSet& set : sets) EXPECT_TRUE(names.insert(set.name).second) << set.name;
}

/// A norm's numbers.
template <typename T>
struct NormProblem {
    NormProblem(RandomStream& random, std::size_t row_count, std::size_t row_width)
        : rows(row_count), width(row_width) {
        a = normal_numbers<T>(random, rows * width, 2);
        b = normal_numbers<T>(random, rows * width);
        bias = normal_numbers<float>(random, width);
        weight = normal_numbers<float>(random, width);
        shift = normal_numbers<float>(random, width);
        scratch.assign(width, std::numeric_limits<float>::quiet_NaN());
        out.assign(rows * width, T{});
        sum.assign(rows * width, T{});
    }
    NormTask<T> task(bool rms, bool with_b, bool with_bias) {
        NormTask<T> made{};
        made.out = out.data();
        made.sum = sum.data();
        made.a = a.data();
        made.b = with_b ? b.data() : nullptr;
        made.bias = with_bias ? bias.data() : nullptr;
        made.rows = rows;
        made.width = width;
        made.rms = rms;
        made.weight = weight.data();
        made.shift = rms ? nullptr : shift.data();
        made.eps = 1e-3F;
        made.scratch = scratch.data();
        return made;
    }
    /// s of a row, in double.
    std::vector<double> naive_sum(const NormTask<T>& task, std::size_t row) const {
        std::vector<double> s(width);
        for (std::size_t c = 0; c < width; ++c)
            s[c] = wide(a[row * width + c]) + (task.b == nullptr ? 0 : wide(b[row * width + c])) +
                   (task.bias == nullptr ? 0 : double{bias[c]});
        return s;
    }
    std::vector<double> naive_norm(const NormTask<T>& task, std::size_t row) const {
        std::vector<double> s = naive_sum(task, row);
        double mean = 0, squares = 0;
        for (const double x : s) mean += x / static_cast<double>(width);
        if (task.rms) mean = 0;
        for (double& x : s) {
            x -= mean;
            squares += x * x / static_cast<double>(width);
        }
        for (std::size_t c = 0; c < width; ++c)
            s[c] = s[c] / std::sqrt(squares + double{task.eps}) * double{weight[c]} +
                   (task.rms ? 0 : double{shift[c]});
        return s;
    }

    std::size_t rows, width;
    std::vector<T> a, b, out, sum;
    std::vector<float> bias, weight, shift, scratch;
};

TEST_P(RowsTest, NormsAreTheFormula) {
    RandomStream random(1, Purpose::Test);
    for (const std::size_t width : kWidths)
        for (int kind = 0; kind < 8; ++kind)
            for_types([&]<typename T>(T) {
                NormProblem<T> problem(random, 3, width);
                const auto task = problem.task((kind & 1) != 0, (kind & 2) != 0, (kind & 4) != 0);
                kernels_of<T>(set()).norm(task);
                for (std::size_t row = 0; row < 3; ++row) {
                    const auto expected = problem.naive_norm(task, row);
                    const auto sum = problem.naive_sum(task, row);
                    for (std::size_t c = 0; c < width; ++c) {
                        ASSERT_NEAR(wide(problem.out[row * width + c]), expected[c],
                                    allowed<T>(expected[c], 1e-5))
                            << width << " wide, kind " << kind;
                        ASSERT_NEAR(wide(problem.sum[row * width + c]), sum[c],
                                    allowed<T>(sum[c], 2e-6));
                    }
                }
            });
}

TEST_P(RowsTest, ANormInPlaceIsTheSame) {
    RandomStream random(2, Purpose::Test);
    for (const std::size_t width : kWidths)
        for (const bool rms : {false, true})
            for_types([&]<typename T>(T) {
                NormProblem<T> problem(random, 2, width);
                auto task = problem.task(rms, true, true);
                kernels_of<T>(set()).norm(task);
                const auto out = problem.out;
                const auto sum = problem.sum;
                const auto a = problem.a;
                const auto b = problem.b;
                const auto expect_same = [&](T* to_out, T* to_sum) {
                    problem.a = a;
                    problem.b = b;
                    task.out = to_out;
                    task.sum = to_sum;
                    kernels_of<T>(set()).norm(task);
                    for (std::size_t i = 0; i < out.size(); ++i) {
                        if (to_out != nullptr) {
                            ASSERT_EQ(to_out[i], out[i]) << width;
                        }
                        if (to_sum != nullptr) {
                            ASSERT_EQ(to_sum[i], sum[i]) << width;
                        }
                    }
                };
                expect_same(problem.a.data(), problem.sum.data());
                expect_same(problem.b.data(), problem.sum.data());
                expect_same(problem.b.data(), problem.a.data());
                expect_same(problem.out.data(), problem.b.data());
                expect_same(problem.out.data(), nullptr);
                expect_same(nullptr, problem.a.data());
            });
}

TEST_P(RowsTest, ARowDoesNotFeelItsNeighbours) {
    RandomStream random(3, Purpose::Test);
    for (const std::size_t width : kWidths)
        for_types([&]<typename T>(T) {
            NormProblem<T> problem(random, 5, width);
            auto task = problem.task(false, true, true);
            kernels_of<T>(set()).norm(task);
            const auto all = problem.out;
            for (std::size_t row = 0; row < 5; ++row) {
                task.a = problem.a.data() + row * width;
                task.b = problem.b.data() + row * width;
                task.rows = 1;
                kernels_of<T>(set()).norm(task);
                for (std::size_t c = 0; c < width; ++c)
                    ASSERT_EQ(problem.out[c], all[row * width + c]);
            }
        });
}

TEST_P(RowsTest, LayerNormDoesNotFeelACommonShift) {
    RandomStream random(4, Purpose::Test);
    NormProblem<float> problem(random, 1, 50);
    const auto task = problem.task(false, false, false);
    set().single->norm(task);
    const auto before = problem.out;
    for (float& x : problem.a) x += 64.0F;  // loses 5 bits
    set().single->norm(task);
    for (std::size_t c = 0; c < 50; ++c) EXPECT_NEAR(problem.out[c], before[c], 1e-4);
}

TEST_P(RowsTest, ARowOfZerosBecomesTheShift) {
    RandomStream random(5, Purpose::Test);
    for (const bool rms : {false, true}) {
        NormProblem<float> problem(random, 2, 21);
        std::fill(problem.a.begin(), problem.a.end(), 0.0F);
        set().single->norm(problem.task(rms, false, false));
        for (std::size_t i = 0; i < problem.out.size(); ++i)
            EXPECT_EQ(problem.out[i], rms ? 0.0F : problem.shift[i % 21]);
    }
}

TEST_P(RowsTest, NoRowsAreNoWork) {
    NormTask<float> norm{};
    norm.width = 16;
    set().single->norm(norm);
    ActivationTask<float> activation{};
    activation.width = 16;
    set().single->activate(activation);
    std::vector<float> sums(5, 1.0F);
    set().single->sum_rows(nullptr, 0, 5, sums.data());
    EXPECT_EQ(sums, std::vector<float>(5, 0.0F));
    set().single->widen(nullptr, 0, nullptr);
}

double naive_activation(Activation kind, double x) {
    switch (kind) {
        case Activation::Gelu:
            return x * std::erfc(-x / std::numbers::sqrt2) / 2;
        case Activation::GeluTanh:
            return x / (1 + std::exp(-2 * std::sqrt(2 / std::numbers::pi) *
                                     (x + 0.044715 * x * x * x)));
        case Activation::Relu:
            return std::max(x, 0.0);
        case Activation::Silu:
            return x / (1 + std::exp(-x));
    }
    return 0;
}

constexpr Activation kActivations[] = {Activation::Gelu, Activation::GeluTanh, Activation::Relu,
                                       Activation::Silu};

TEST_P(RowsTest, ActivationsAreTheFormulaOnTheWholeLine) {
    std::vector<float> x;
    for (int i = -20000; i <= 20000; ++i) x.push_back(static_cast<float>(i) / 1000);
    for (int exponent = -140; exponent <= 100; ++exponent)
        for (const float sign : {-1.0F, 1.0F}) x.push_back(sign * std::ldexp(1.3F, exponent));
    for (const Activation kind : kActivations)
        for_types([&]<typename T>(T) {
            std::vector<T> input;
            for (const float value : x) input.push_back(stored<T>(value));
            std::vector<T> y(input.size());
            kernels_of<T>(set()).activate(
                {y.data(), input.data(), nullptr, 1, input.size(), kind, false});
            for (std::size_t i = 0; i < input.size(); ++i) {
                const double exact = naive_activation(kind, wide(input[i]));
                // vector.hpp: 3e-7 of gelu, or a rounding of x; 3e-7 of the others' factor
                const double error =
                    kind == Activation::Relu ? 0 : std::max(3e-7, 4e-7 * std::abs(wide(input[i])));
                ASSERT_NEAR(wide(y[i]), exact, allowed<T>(exact, error))
                    << static_cast<int>(kind) << " of " << wide(input[i]);
            }
        });
}

TEST_P(RowsTest, FarOutAnActivationIsNothingOrItsArgument) {
    constexpr float kHuge = std::numeric_limits<float>::max();
    const std::vector<float> x{100.0F, 1e10F, kHuge, -100.0F, -1e10F, -kHuge, 0.0F};
    for (const Activation kind : kActivations) {
        std::vector<float> y(x.size());
        set().single->activate({y.data(), x.data(), nullptr, 1, x.size(), kind, false});
        for (std::size_t i = 0; i < x.size(); ++i)
            EXPECT_EQ(y[i], std::max(x[i], 0.0F)) << static_cast<int>(kind) << " of " << x[i];
    }
}

TEST_P(RowsTest, GatedOrNotActivationsAddTheirBias) {
    RandomStream random(6, Purpose::Test);
    constexpr std::size_t kRows = 3;
    for (const std::size_t width : kWidths)
        for (const Activation kind : kActivations)
            for (int with = 0; with < 4; ++with)
                for_types([&]<typename T>(T) {
                    const bool gated = (with & 1) != 0;
                    const std::size_t stride = gated ? 2 * width : width;
                    const auto x = normal_numbers<T>(random, kRows * stride, 2);
                    const auto bias = normal_numbers<float>(random, stride);
                    const float* added = (with & 2) != 0 ? bias.data() : nullptr;
                    std::vector<T> y(kRows * width);
                    kernels_of<T>(set()).activate(
                        {y.data(), x.data(), added, kRows, width, kind, gated});
                    for (std::size_t row = 0; row < kRows; ++row)
                        for (std::size_t c = 0; c < width; ++c) {
                            const auto in = [&](std::size_t place) {
                                return wide(x[row * stride + place]) +
                                       (added == nullptr ? 0 : double{added[place]});
                            };
                            const double exact =
                                naive_activation(kind, in(c)) * (gated ? in(width + c) : 1);
                            ASSERT_NEAR(wide(y[row * width + c]), exact, allowed<T>(exact, 1e-5));
                        }
                });
}

TEST_P(RowsTest, AnActivationMayBeInPlace) {
    RandomStream random(7, Purpose::Test);
    for (const std::size_t width : kWidths)
        for_types([&]<typename T>(T) {
            auto x = normal_numbers<T>(random, 2 * width);
            const auto bias = normal_numbers<float>(random, width);
            std::vector<T> y(x.size());
            ActivationTask<T> task{y.data(), x.data(),         bias.data(), 2,
                                   width,    Activation::Silu, false};
            kernels_of<T>(set()).activate(task);
            task.y = x.data();
            kernels_of<T>(set()).activate(task);
            EXPECT_EQ(x, y);
        });
}

TEST_P(RowsTest, EveryBf16NumberIsReadAndWrittenAsItIs) {
    std::vector<Bf16> all(65536);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Bf16>(i);
    std::vector<float> widened(all.size());
    set().half->widen(all.data(), all.size(), widened.data());
    std::vector<Bf16> back(all.size());
    set().half->activate(
        {back.data(), all.data(), nullptr, 1, all.size(), Activation::Relu, false});
    for (std::size_t i = 0; i < all.size(); ++i) {
        const double value = wide(all[i]);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(widened[i]));
            continue;
        }
        EXPECT_EQ(double{widened[i]}, value) << i;
        if (value > 0) {
            EXPECT_EQ(back[i], all[i]) << i;
        }
    }
}

TEST_P(RowsTest, AStoredSumIsRoundedToTheNearest) {
    RandomStream random(8, Purpose::Test);
    constexpr std::size_t kWidth = 4099;
    NormProblem<Bf16> problem(random, 1, kWidth);
    for (std::size_t c = 0; c < kWidth; ++c) {
        const int exponent = static_cast<int>(random.below(80)) - 40;
        problem.a[c] = stored<Bf16>(static_cast<float>(std::ldexp(random.normal(), exponent)));
        // half of them are ties: half a step of a
        const double step = std::ldexp(1.0, std::ilogb(wide(problem.a[c])) - 7);
        problem.bias[c] =
            static_cast<float>(c % 2 == 0 ? step / 2 : std::ldexp(random.normal(), exponent));
    }
    auto task = problem.task(true, false, true);
    task.out = nullptr;
    set().half->norm(task);
    for (std::size_t c = 0; c < kWidth; ++c)
        ASSERT_EQ(problem.sum[c],
                  stored<Bf16>(static_cast<float>(wide(problem.a[c])) + problem.bias[c]))
            << c;
}

TEST_P(RowsTest, RowsAreSummedFromTheFirstToTheLast) {
    RandomStream random(9, Purpose::Test);
    for (const std::size_t width : kWidths)
        for (const std::size_t rows : {1U, 2U, 9U, 40U})
            for_types([&]<typename T>(T) {
                const auto x = normal_numbers<T>(random, rows * width);
                std::vector<float> sums(width + 16, 7.0F);
                kernels_of<T>(set()).sum_rows(x.data(), rows, width, sums.data());
                for (std::size_t c = 0; c < width; ++c) {
                    float expected = 0;
                    for (std::size_t row = 0; row < rows; ++row)
                        expected += static_cast<float>(wide(x[row * width + c]));
                    ASSERT_EQ(sums[c], expected);
                }
                for (std::size_t c = width; c < sums.size(); ++c) ASSERT_EQ(sums[c], 7.0F);
            });
}

TEST_P(RowsTest, NothingBesideTheRowsIsTouched) {
    RandomStream random(10, Purpose::Test);
    for (const std::size_t width : kWidths)
        for_types([&]<typename T>(T) {
            constexpr std::size_t kGuard = 32;
            const T guard = stored<T>(777.0F);
            NormProblem<T> problem(random, 2, width);
            problem.out.assign(2 * width + kGuard, guard);
            problem.sum.assign(2 * width + kGuard, guard);
            problem.scratch.resize(width + kGuard, 777.0F);
            kernels_of<T>(set()).norm(problem.task(false, true, true));
            std::vector<T> y(2 * width + kGuard, guard);
            kernels_of<T>(set()).activate(
                {y.data(), problem.a.data(), nullptr, 2, width, Activation::Gelu, false});
            std::vector<float> widened(width + kGuard, 777.0F);
            kernels_of<T>(set()).widen(problem.a.data(), width, widened.data());
            for (std::size_t i = 0; i < kGuard; ++i) {
                ASSERT_EQ(problem.out[2 * width + i], guard);
                ASSERT_EQ(problem.sum[2 * width + i], guard);
                ASSERT_EQ(problem.scratch[width + i], 777.0F);
                ASSERT_EQ(y[2 * width + i], guard);
                ASSERT_EQ(widened[width + i], 777.0F);
            }
        });
}

INSTANTIATE_TEST_SUITE_P(Sets,
                         RowsTest,
                         ::testing::Range(std::size_t{0}, instruction_sets().size()),
                         [](const auto& test) {
                             return std::string(instruction_sets()[test.param].name);
                         });

}  // namespace
}  // namespace mobi::kernels
