// SPDX-License-Identifier: Apache-2.0
#include "kernels/linear.hpp"

#include <thread>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi
