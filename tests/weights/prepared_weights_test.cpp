// SPDX-License-Identifier: Apache-2.0
#include "weights/prepared_weights.hpp"

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/model_support.hpp"

namespace mobi {
namespace {

/// Numbers 0, 1, 2, ... times a factor; counts how often it is asked.
class CountingReader : public WeightReader {
  public:
    explicit CountingReader(double factor = 1) : factor_(factor) {}
    at::Tensor rows(const TensorSource& source,
                    std::int64_t first,
                    std::int64_t count) const override {
        reads += count > 0 ? 1 : 0;  // no row: whether it is there, before anything is read
        if (source.name == "missing") throw DataError("no such tensor");
        const std::int64_t columns = source.shape.size() > 1 ? source.shape[1] : 1;
        std::vector<std::int64_t> shape = source.shape;
        shape[0] = count;
        const auto all = at::arange(first * columns, (first + count) * columns, at::kFloat);
        return all.reshape(shape) * factor_;
    }
    std::optional<std::vector<std::int64_t>> shape(std::string_view) const override {
        return std::nullopt;
    }
    std::string fingerprint() const override { return std::to_string(factor_); }

    mutable std::atomic<int> reads{0};

  private:
    double factor_;
};

PreparationPlan plan_of(const std::string& source = "a") {
    return {{"table", {{source, {2, 3}}, {"b", {2, 3}}}, TensorRole::Table},
            {"vector", {{"c", {5}}}, TensorRole::Vector}};
}

PreparedKey key_of(const WeightReader& reader, Precision arithmetic = Precision::Bf16) {
    return {reader.fingerprint(), Precision::Fp32, arithmetic};
}

std::size_t prepared_files(const std::filesystem::path& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        count += entry.path().extension() == ".weights" ? 1U : 0U;
    return count;
}

void expect_right(const PreparedWeights& weights) {
    const at::Tensor& table = weights.tensor("table");
    EXPECT_EQ(table.scalar_type(), at::kBFloat16);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(table.data_ptr()) % 64, 0U);
    const at::Tensor part = at::arange(6, at::kFloat).reshape({2, 3});
    EXPECT_TRUE(at::equal(table.to(at::kFloat), at::cat({part, part})));
    EXPECT_EQ(weights.tensor("vector").scalar_type(), at::kFloat);
    EXPECT_EQ(weights.vector("vector")[4], 4.0F);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(weights.vector("vector")) % 64, 0U);
}

TEST(PreparedWeightsTest, InMemoryAndInAFileAreTheSame) {
    const test::TempFolder cache;
    const CountingReader reader;
    expect_right(PreparedWeights(plan_of(), key_of(reader), reader, ""));
    expect_right(
        PreparedWeights(plan_of(), key_of(reader), reader, cache.path() / "new" / "folder"));
}

TEST(PreparedWeightsTest, ASecondLoadReadsNoWeight) {
    const test::TempFolder cache;
    const CountingReader reader;
    const PreparedWeights first(plan_of(), key_of(reader), reader, cache.path());
    EXPECT_EQ(reader.reads, 3);
    const PreparedWeights second(plan_of(), key_of(reader), reader, cache.path());
    EXPECT_EQ(reader.reads, 3);
    expect_right(second);
    EXPECT_EQ(first.path(), second.path());
}

TEST(PreparedWeightsTest, AnotherSourceOrArithmeticIsAnotherFile) {
    const test::TempFolder cache;
    const CountingReader reader;
    const CountingReader other(2);
    std::set<std::filesystem::path> paths;
    paths.insert(PreparedWeights(plan_of(), key_of(reader), reader, cache.path()).path());
    paths.insert(PreparedWeights(plan_of(), key_of(other), other, cache.path()).path());
    paths.insert(
        PreparedWeights(plan_of(), key_of(reader, Precision::Fp32), reader, cache.path()).path());
    PreparedKey rounded = key_of(reader);
    rounded.weight_dtype = Precision::Int8;
    paths.insert(PreparedWeights(plan_of(), rounded, reader, cache.path()).path());
    EXPECT_EQ(paths.size(), 4U);
}

TEST(PreparedWeightsTest, ADamagedFileIsMadeAgain) {
    const test::TempFolder cache;
    const CountingReader reader;
    const auto path = PreparedWeights(plan_of(), key_of(reader), reader, cache.path()).path();
    const auto size = std::filesystem::file_size(path);
    const auto expect_made_again = [&] {
        const int before = reader.reads;
        expect_right(PreparedWeights(plan_of(), key_of(reader), reader, cache.path()));
        EXPECT_EQ(reader.reads, before + 3);
        EXPECT_EQ(std::filesystem::file_size(path), size);
    };
    std::filesystem::resize_file(path, size - 1);
    expect_made_again();
    std::filesystem::resize_file(path, 0);
    expect_made_again();
    std::fstream(path, std::ios::in | std::ios::out) << "something else";
    expect_made_again();
}

TEST(PreparedWeightsTest, AFailedPreparationLeavesNoFile) {
    const test::TempFolder cache;
    const CountingReader reader;
    EXPECT_THROW(PreparedWeights(plan_of("missing"), key_of(reader), reader, cache.path()),
                 DataError);
    EXPECT_EQ(prepared_files(cache.path()), 0U);
    for (const auto& entry : std::filesystem::directory_iterator(cache.path()))
        EXPECT_EQ(entry.path().extension(), ".lock");
}

TEST(PreparedWeightsTest, SeveralAtOncePrepareOnce) {
    const test::TempFolder cache;
    const CountingReader reader;
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k)
        threads.emplace_back([&] {
            expect_right(PreparedWeights(plan_of(), key_of(reader), reader, cache.path()));
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(reader.reads, 3);
    EXPECT_EQ(prepared_files(cache.path()), 1U);
}

TEST(PreparedWeightsTest, ACacheThatCannotBeMadeIsAnError) {
    const test::TempFolder folder;
    std::ofstream(folder.path() / "file") << "x";
    const CountingReader reader;
    EXPECT_THROW(
        PreparedWeights(plan_of(), key_of(reader), reader, folder.path() / "file" / "cache"),
        DataError);
}

}  // namespace
}  // namespace mobi
