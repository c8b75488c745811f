// SPDX-License-Identifier: Apache-2.0
#include "learn/launch_counter.hpp"

#include <map>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/check.hpp"

namespace mobi::test {
namespace {

using Operators = std::map<std::string, std::int64_t>;

TEST(LaunchCounterTest, CountsOperatorsAndNothingBeforeOrAfter) {
    at::Tensor x = at::ones({3, 4});
    {
        const LaunchCounter counter;
        x.add_(x).mul_(x);
        EXPECT_EQ(counter.launches(), 2);
        EXPECT_EQ(counter.by_operator(), (Operators{{"aten::add_", 1}, {"aten::mul_", 1}}));
    }
    x.add_(x);
    const LaunchCounter counter;
    EXPECT_EQ(counter.launches(), 0);
    EXPECT_TRUE(counter.by_operator().empty());
}

TEST(LaunchCounterTest, ViewsAndAllocationsAreFree) {
    const at::Tensor x = at::ones({3, 4});
    const LaunchCounter counter;
    const at::Tensor y = x.t().select(0, 1).unsqueeze(0).expand({5, 3}).narrow(0, 1, 2);
    const at::Tensor z = at::empty({7}).view({7, 1}).detach();
    const at::Tensor same = x.contiguous().to(at::kFloat).reshape({4, 3});
    EXPECT_EQ(counter.launches(), 0) << y.size(0) + z.size(0) + same.size(0);
}

TEST(LaunchCounterTest, ACompositeCountsWhatItCallsAndAKernelIsOneWhateverItCalls) {
    const at::Tensor x = at::ones({3, 4}), weight = at::ones({5, 4}), bias = at::ones({5});
    {
        const LaunchCounter counter;  // addmm copies the bias first, on the processor
        at::linear(x, weight, bias);
        EXPECT_EQ(counter.by_operator(), (Operators{{"aten::addmm", 1}}));
    }
    {
        const LaunchCounter counter;
        x.square();
        x.mean();  // a sum and a division, on the processor
        EXPECT_EQ(counter.by_operator(), (Operators{{"aten::mean", 1}, {"aten::pow", 1}}));
    }
    const LaunchCounter counter;
    at::zeros({4});
    x.t().contiguous();
    x.sum().item();
    EXPECT_EQ(counter.launches(), 4);
    EXPECT_EQ(counter.by_operator().at("aten::copy_"), 1);
    EXPECT_EQ(counter.by_operator().at("aten::_local_scalar_dense"), 1);
}

TEST(LaunchCounterTest, ABackwardPassCounts) {
    const at::Tensor x = at::ones({3, 4}).set_requires_grad(true);
    const at::Tensor y = (x * x).sum();
    const LaunchCounter counter;
    y.backward();
    // dy/dy, two products and their sum
    EXPECT_EQ(counter.launches(), 4);
}

TEST(LaunchCounterTest, TwoAtATimeAreABug) {
    const LaunchCounter counter;
    EXPECT_THROW(LaunchCounter(), Bug);
}

}  // namespace
}  // namespace mobi::test
