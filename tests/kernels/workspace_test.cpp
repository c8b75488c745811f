// SPDX-License-Identifier: Apache-2.0
#include "kernels/workspace.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "kernels/library_info.hpp"

namespace mobi {
namespace {

using Sizes = std::vector<std::int64_t>;

TEST(RowBlocksTest, TheyCoverEveryRowOnceInOrder) {
    for (const std::size_t rows : {0U, 1U, 31U, 32U, 33U, 511U, 512U, 513U, 1024U, 1300U}) {
        std::size_t next = 0;
        for_row_blocks(rows, [&](std::size_t first, std::size_t used, std::size_t padded) {
            EXPECT_EQ(first, next);
            EXPECT_GT(used, 0U);
            EXPECT_LE(used, kRowBlock);
            EXPECT_GE(padded, used);
            EXPECT_LT(padded, used + kRowUnit);
            EXPECT_EQ(padded % kRowUnit, 0U);
            EXPECT_TRUE(used == kRowBlock || first + used == rows) << "only the last is short";
            next = first + used;
        });
        EXPECT_EQ(next, rows);
    }
}

TEST(RowBlocksTest, AProductHasFewRowCounts) {
    std::set<std::size_t> counts;
    for (std::size_t rows = 1; rows < 5000; ++rows)
        for_row_blocks(
            rows, [&](std::size_t, std::size_t, std::size_t padded) { counts.insert(padded); });
    EXPECT_EQ(counts.size(), kRowBlock / kRowUnit);
}

TEST(RowsOfTest, TheyAreAView) {
    at::Tensor matrix = at::arange(12, at::kFloat).reshape({4, 3});
    at::Tensor rows = rows_of(matrix, 1, 2);
    EXPECT_TRUE(at::equal(rows, at::arange(3, 9, at::kFloat).reshape({2, 3})));
    rows.fill_(0);
    EXPECT_EQ(matrix.sum().item<float>(), 0 + 1 + 2 + 9 + 10 + 11);
    EXPECT_EQ(rows_of(matrix, 4, 0).size(0), 0);
}

TEST(WorkspacePoolTest, ALeaseHasTheShapeAskedFor) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
        WorkspacePool pool(type);
        const auto space = pool.lease({.tokens = 33,
                                       .width = 8,
                                       .qkv = 24,
                                       .context = 10,
                                       .words = 4,
                                       .hidden = 32,
                                       .gated = 16,
                                       .scratch = 100});
        const auto block = static_cast<std::int64_t>(kRowBlock);
        EXPECT_EQ(space->states.sizes(), (Sizes{64, 8}));  // whole units of rows
        EXPECT_EQ(space->qkv.sizes(), (Sizes{64, 24}));
        EXPECT_EQ(space->context.sizes(), (Sizes{64, 10}));
        EXPECT_EQ(space->words.sizes(), (Sizes{block, 4}));
        EXPECT_EQ(space->product.sizes(), (Sizes{block, 8}));
        EXPECT_EQ(space->normed.sizes(), (Sizes{block, 8}));
        EXPECT_EQ(space->hidden.sizes(), (Sizes{block, 32}));
        EXPECT_EQ(space->gated.sizes(), (Sizes{block, 16}));
        EXPECT_EQ(space->scratch.sizes(), Sizes{100});
        EXPECT_EQ(space->states.scalar_type(), type);
        EXPECT_EQ(space->gated.scalar_type(), type);
        EXPECT_EQ(space->scratch.scalar_type(), at::kFloat);
        for (const at::Tensor& buffer : {space->states, space->qkv, space->hidden, space->scratch})
            EXPECT_EQ(buffer.abs().sum().item<float>(), 0) << "finite everywhere";
    }
}

TEST(WorkspacePoolTest, WhatIsNotNeededIsNotThere) {
    WorkspacePool pool(at::kFloat);
    const auto space = pool.lease({.tokens = 1, .width = 8});
    EXPECT_TRUE(space->states.defined());
    EXPECT_FALSE(space->words.defined());
    EXPECT_FALSE(space->gated.defined());
    EXPECT_EQ(space->scratch.numel(), 0);
}

TEST(WorkspacePoolTest, AReturnedWorkspaceIsLentAgain) {
    WorkspacePool pool(at::kFloat);
    const WorkspaceShape shape{.tokens = 40, .width = 8, .scratch = 10};
    const void* first = pool.lease(shape)->states.data_ptr();
    auto again = pool.lease(shape);
    EXPECT_EQ(again->states.data_ptr(), first);
    auto other = pool.lease(shape);  // while the first is out
    EXPECT_NE(other->states.data_ptr(), first);
    again.reset();
    EXPECT_EQ(pool.lease(shape)->states.data_ptr(), first);
}

TEST(WorkspacePoolTest, ASmallerPassKeepsTheBuffersAndALargerOneGrowsThem) {
    WorkspacePool pool(at::kFloat);
    const void* first = pool.lease({.tokens = 100, .width = 8, .scratch = 50})->states.data_ptr();
    {
        const auto smaller = pool.lease({.tokens = 1, .width = 8, .scratch = 5});
        EXPECT_EQ(smaller->states.data_ptr(), first);
        EXPECT_EQ(smaller->states.size(0), 128);
        EXPECT_EQ(smaller->scratch.size(0), 50);
    }
    {
        const auto larger = pool.lease({.tokens = 200, .width = 8, .scratch = 60});
        EXPECT_EQ(larger->states.sizes(), (Sizes{224, 8}));
        EXPECT_EQ(larger->scratch.size(0), 60);
    }
    EXPECT_EQ(pool.lease({.tokens = 1, .width = 9})->states.size(1), 9);  // of another model
}

TEST(WorkspacePoolTest, ThreadsNeverShareAWorkspace) {
    WorkspacePool pool(at::kFloat);
    std::vector<std::thread> threads;
    std::vector<int> faults(4);
    for (std::size_t k = 0; k < faults.size(); ++k)
        threads.emplace_back([&, k] {
            use_threads(1);
            for (int round = 0; round < 200; ++round) {
                const auto space = pool.lease({.tokens = 32, .width = 4});
                float* numbers = space->states.data_ptr<float>();
                for (int i = 0; i < 128; ++i) numbers[i] = static_cast<float>(k);
                for (int i = 0; i < 128; ++i) faults[k] += numbers[i] != static_cast<float>(k);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(faults, std::vector<int>(4));
}

TEST(LibraryInfoTest, TheVersionIsThreeNumbers) {
    const std::string version = libtorch_version();
    EXPECT_EQ(std::count(version.begin(), version.end(), '.'), 2) << version;
    EXPECT_NE(version.find_first_of("0123456789"), std::string::npos);
}

TEST(LibraryInfoTest, ThreadsAreThoseOfTheCallingThread) {
    use_threads(1);
    EXPECT_EQ(at::get_num_threads(), 1);
    EXPECT_NO_THROW(runs_on_reference_blas());
}

}  // namespace
}  // namespace mobi
