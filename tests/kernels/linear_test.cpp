// SPDX-License-Identifier: Apache-2.0
#include "kernels/linear.hpp"

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/model_support.hpp"

namespace mobi {
namespace {

/// A packed weight and the memory it lies in.
struct Packed {
    explicit Packed(const at::Tensor& weight)
        : shape{weight.size(0), weight.size(1), weight.scalar_type()},
          memory(at::empty({static_cast<std::int64_t>(packed_bytes(shape))}, at::kByte)) {
        auto* bytes = static_cast<std::byte*>(memory.data_ptr());
        pack(weight, {bytes, packed_bytes(shape)});
        linear = Linear(shape, bytes);
    }
    LinearShape shape;
    at::Tensor memory;
    Linear linear;
};

double relative_error(const at::Tensor& y, const at::Tensor& exact) {
    return ((y.to(at::kDouble) - exact).abs().max() / exact.abs().max()).item<double>();
}

TEST(LinearTest, ProductsAreThoseOfTheFormula) {
    test::use_one_thread();
    for (const auto type : {at::kFloat, at::kBFloat16})
        for (const auto& [out, in] : {std::pair(1, 1), std::pair(7, 40), std::pair(96, 33),
                                      std::pair(384, 1536), std::pair(1152, 384)}) {
            const at::Tensor weight = at::randn({out, in}).to(type);
            const Packed packed(weight);
            for (const std::int64_t rows : {1, 32, 96, 512}) {
                const at::Tensor x = at::randn({rows, in}).to(type);
                at::Tensor y = at::full({rows, out}, 7, type);
                packed.linear.multiply(x, y);
                const at::Tensor exact = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
                EXPECT_LT(relative_error(y, exact), type == at::kFloat ? 1e-5 : 5e-3)
                    << rows << " x " << in << " -> " << out;
            }
        }
}

TEST(LinearTest, ThreadsShareAWeight) {
    const at::Tensor weight = at::randn({64, 48}).to(at::kBFloat16);
    const Packed packed(weight);
    const at::Tensor x = at::randn({32, 48}).to(at::kBFloat16);
    std::vector<at::Tensor> results(4);
    std::vector<std::thread> threads;
    for (at::Tensor& y : results)
        threads.emplace_back([&] {
            test::use_one_thread();
            y = at::empty({32, 64}, at::kBFloat16);
            for (int k = 0; k < 20; ++k) packed.linear.multiply(x, y);
        });
    for (std::thread& thread : threads) thread.join();
    for (const at::Tensor& y : results) EXPECT_TRUE(at::equal(y, results[0]));
}

TEST(LinearTest, EqualWeightsArePackedToEqualBytes) {
    const at::Tensor weight = at::randn({50, 30}).to(at::kBFloat16);
    EXPECT_TRUE(at::equal(Packed(weight).memory, Packed(weight).memory));
    EXPECT_EQ(packing({50, 30, at::kBFloat16}), packing({50, 30, at::kBFloat16}));
}

TEST(LinearTest, ProductsWithTheIdentityAreTheWeight) {
    test::use_one_thread();
    for (const auto type : {at::kFloat, at::kBFloat16})
        for (const auto& [out, in] : {std::pair(1, 1), std::pair(3, 17), std::pair(65, 31),
                                      std::pair(16, 64), std::pair(1, 100), std::pair(100, 1)}) {
            const at::Tensor weight = at::randn({out, in}).to(type);
            const Packed packed(weight);
            at::Tensor y = at::empty({in, out}, type);
            packed.linear.multiply(at::eye(in).to(type), y);
            EXPECT_TRUE(at::equal(y, weight.t())) << in << " -> " << out;
        }
}

TEST(LinearTest, ABf16ProductIsRoundedOnce) {
    test::use_one_thread();
    const at::Tensor weight = at::randn({40, 500}).to(at::kBFloat16);
    const at::Tensor x = at::randn({33, 500}).to(at::kBFloat16);
    at::Tensor y = at::empty({33, 40}, at::kBFloat16);
    Packed(weight).linear.multiply(x, y);
    const at::Tensor exact = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
    // half a step of bf16 relative to the result, and what fp32 loses in 500 terms of size 1
    const at::Tensor allowed = exact.abs() / 256 + 500 * 6e-8 * 3;
    EXPECT_TRUE(((y.to(at::kDouble) - exact).abs() <= allowed).all().item<bool>());
}

TEST(LinearTest, EveryRowCountGivesTheSameRows) {
    test::use_one_thread();
    const at::Tensor weight = at::randn({24, 40});
    const Packed packed(weight);
    const at::Tensor x = at::randn({70, 40});
    const at::Tensor exact = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
    for (std::int64_t rows = 1; rows <= 70; ++rows) {
        at::Tensor y = at::empty({rows, 24});
        packed.linear.multiply(x.narrow(0, 70 - rows, rows), y);
        EXPECT_LT(relative_error(y, exact.narrow(0, 70 - rows, rows)), 1e-5) << rows;
    }
}

TEST(LinearTest, AWeightIsOfItsShape) {
    EXPECT_FALSE(Linear());
    const at::Tensor weight = at::randn({3, 5});
    const Packed packed(weight);
    EXPECT_TRUE(packed.linear);
    EXPECT_EQ(packed.linear.shape().out, 3);
    EXPECT_EQ(packed.linear.shape().in, 5);
    EXPECT_EQ(packed.linear.shape().type, at::kFloat);
    EXPECT_GE(packed_bytes(packed.shape), 3U * 5U * sizeof(float));
    std::vector<std::byte> small(8);
    EXPECT_THROW(pack(weight, small), Bug);
    EXPECT_FALSE(products_by().empty());
}

TEST(LinearTest, RowsThatDoNotFitAreABug) {
    if (!products_by().starts_with("oneDNN")) GTEST_SKIP() << "ATen has errors of its own";
    const Packed packed(at::randn({3, 5}));
    at::Tensor y = at::empty({2, 3});
    EXPECT_NO_THROW(packed.linear.multiply(at::zeros({2, 5}), y));
    EXPECT_THROW(packed.linear.multiply(at::zeros({2, 4}), y), Bug);
    EXPECT_THROW(packed.linear.multiply(at::zeros({3, 5}), y), Bug);
    EXPECT_THROW(packed.linear.multiply(at::zeros({5, 2}).t(), y), Bug);
    at::Tensor columns = at::empty({3, 2}).t();
    EXPECT_THROW(packed.linear.multiply(at::zeros({2, 5}), columns), Bug);
}

}  // namespace
}  // namespace mobi
