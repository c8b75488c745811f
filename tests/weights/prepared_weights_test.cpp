// SPDX-License-Identifier: Apache-2.0
#include "weights/prepared_weights.hpp"

#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/model_support.hpp"
#include "weights/random_weights.hpp"
#include "weights/weight_rounding.hpp"

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

/// Random weights under a name, and the whole of them for a comparison.
PreparationPlan products_of(std::int64_t out, std::int64_t in) {
    return {{"product", {{"q", {out, in}}, {"k", {2, in}}}, TensorRole::Matrix},
            {"table", {{"words", {out, in}}}, TensorRole::Table},
            {"bias", {{"q.bias", {out}}, {"k.bias", {2}}}, TensorRole::Vector}};
}

at::Tensor multiply(const Linear& linear, const at::Tensor& x) {
    at::Tensor y = at::zeros({x.size(0), linear.shape().out}, linear.shape().type);
    linear.multiply(x.to(linear.shape().type).contiguous(), y);
    return y.to(at::kFloat);
}

TEST(PreparedWeightsTest, AMatrixIsTheProductOfItsRoundedSources) {
    test::use_one_thread();
    const RandomWeights reader(1);
    for (const auto& [out, in] : {std::pair(1, 1), std::pair(5, 70), std::pair(33, 130)}) {
        const PreparationPlan plan = products_of(out, in);
        for (const Precision weights :
             {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4})
            for (const Precision arithmetic : {Precision::Fp32, Precision::Bf16}) {
                const PreparedWeights prepared(plan, {"x", weights, arithmetic}, reader, "");
                const Linear& linear = prepared.linear("product");
                EXPECT_EQ(linear.shape().out, out + 2);
                EXPECT_EQ(linear.shape().in, in);
                const at::Tensor rounded =
                    at::cat({round_matrix(reader.weight({"q", {out, in}}), weights),
                             round_matrix(reader.weight({"k", {2, in}}), weights)})
                        .to(linear.shape().type);
                // each row of the weight by itself: products with the rows of the identity
                const at::Tensor columns = multiply(linear, at::eye(in));
                EXPECT_TRUE(at::equal(columns, rounded.to(at::kFloat).t()))
                    << out << " x " << in << ", " << static_cast<int>(weights);
            }
    }
}

TEST(PreparedWeightsTest, RolesDecideHowANumberIsRounded) {
    const RandomWeights reader(2);
    const PreparationPlan plan = products_of(5, 70);
    const at::Tensor words = reader.weight({"words", {5, 70}});
    for (const Precision weights :
         {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4}) {
        const PreparedWeights single(plan, {"x", weights, Precision::Fp32}, reader, "");
        const PreparedWeights half(plan, {"x", weights, Precision::Bf16}, reader, "");
        EXPECT_TRUE(at::equal(single.tensor("table"), round_matrix(words, weights)));
        EXPECT_TRUE(
            at::equal(half.tensor("table"), round_matrix(words, weights).to(at::kBFloat16)));
        for (const PreparedWeights* prepared : {&single, &half})
            EXPECT_EQ(prepared->tensor("bias").scalar_type(), at::kFloat);
    }
}

TEST(PreparedWeightsTest, VectorsOfAnInt4ModelAreFp16) {
    const CountingReader reader(0.1);
    const PreparationPlan plan{{"v", {{"v", {3000}}}, TensorRole::Vector}};
    const at::Tensor exact = at::arange(3000, at::kFloat) * 0.1;
    for (const Precision weights : {Precision::Int8, Precision::Int4}) {
        const PreparedWeights prepared(plan, {"x", weights, Precision::Bf16}, reader, "");
        EXPECT_TRUE(at::equal(prepared.tensor("v"), exact.to(at::kHalf).to(at::kFloat)));
        EXPECT_FALSE(at::equal(prepared.tensor("v"), exact));
    }
}

TEST(PreparedWeightsTest, ALargeTableIsReadInParts) {
    const CountingReader reader;
    constexpr std::int64_t kColumns = 1 << 19;  // four rows a part
    const PreparationPlan plan{
        {"t", {{"a", {9, kColumns}}, {"b", {1, kColumns}}}, TensorRole::Table}};
    const PreparedWeights prepared(plan, {"x", Precision::Fp32, Precision::Fp32}, reader, "");
    EXPECT_EQ(reader.reads, 4);
    EXPECT_TRUE(at::equal(prepared.tensor("t").slice(0, 0, 9),
                          at::arange(9 * kColumns, at::kFloat).reshape({9, kColumns})));
    EXPECT_TRUE(at::equal(prepared.tensor("t")[9], at::arange(kColumns, at::kFloat)));
}

TEST(PreparedWeightsTest, TheFileBeginsWithWhatItHolds) {
    const test::TempFolder cache;
    const CountingReader reader;
    const PreparedWeights prepared(plan_of(), key_of(reader), reader, cache.path());
    std::ifstream file(prepared.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_TRUE(bytes.starts_with("MOBI prepared weights\nlayout "));
    EXPECT_NE(bytes.find("source " + reader.fingerprint() + ", weights fp32, arithmetic bf16"),
              std::string::npos);
    EXPECT_NE(bytes.find("\ntable BF16 [4, 3] 0 <- a b\n"), std::string::npos);
    EXPECT_NE(bytes.find("\nvector F32 [5] 64 <- c\n"), std::string::npos);
    constexpr std::size_t offset = 4096;
    EXPECT_GE(bytes.find_first_not_of('\0', bytes.find("<- c\n") + 5), offset);
    EXPECT_EQ(std::memcmp(bytes.data() + offset, prepared.tensor("table").data_ptr(), 24), 0);
}

TEST(PreparedWeightsTest, AnotherPlanIsAnotherFile) {
    const test::TempFolder cache;
    const CountingReader reader;
    std::set<std::filesystem::path> paths;
    PreparationPlan turned = plan_of();
    turned[0].sources[0].in_out = true;
    PreparationPlan longer = plan_of();
    longer[1].sources[0].shape = {6};
    PreparationPlan renamed = plan_of();
    renamed[1].name = "w";
    for (const PreparationPlan& plan : {plan_of(), plan_of("d"), turned, longer, renamed})
        paths.insert(PreparedWeights(plan, key_of(reader), reader, cache.path()).path());
    EXPECT_EQ(paths.size(), 5U);
}

TEST(PreparedWeightsTest, ANormMayHaveNoShift) {
    const CountingReader reader;
    const PreparationPlan plan{{"ln.weight", {{"a", {4}}}, TensorRole::Vector},
                               {"ln.bias", {{"b", {4}}}, TensorRole::Vector},
                               {"rms.weight", {{"c", {4}}}, TensorRole::Vector}};
    const PreparedWeights prepared(plan, {"x", Precision::Fp32, Precision::Fp32}, reader, "");
    EXPECT_EQ(prepared.norm("ln").weight, prepared.vector("ln.weight"));
    EXPECT_EQ(prepared.norm("ln").shift, prepared.vector("ln.bias"));
    EXPECT_EQ(prepared.norm("rms").shift, nullptr);
    EXPECT_EQ(prepared.optional_vector("rms.bias"), nullptr);
    EXPECT_TRUE(prepared.contains("rms.weight"));
    EXPECT_FALSE(prepared.contains("rms"));
    EXPECT_TRUE(prepared.path().empty());
}

TEST(PreparedWeightsTest, AskingForWhatIsNotThereIsABug) {
    const RandomWeights reader(3);
    const PreparedWeights prepared(products_of(3, 4), {"x", Precision::Fp32, Precision::Bf16},
                                   reader, "");
    EXPECT_THROW(prepared.tensor("product"), Bug);  // a Matrix is no tensor
    EXPECT_THROW(prepared.linear("table"), Bug);
    EXPECT_THROW(prepared.vector("table"), Bug);  // of bfloat16
    EXPECT_THROW(prepared.norm("ln"), Bug);
    EXPECT_NO_THROW(prepared.linear("product"));
}

TEST(PreparedWeightsTest, ATensorOutlivesTheWeights) {
    const test::TempFolder cache;
    const CountingReader reader;
    at::Tensor kept;
    {
        const PreparedWeights prepared(plan_of(), key_of(reader), reader, cache.path());
        kept = prepared.tensor("vector");
    }
    EXPECT_EQ(kept.sum().item<float>(), 10);
}

TEST(PreparedTensorTest, SourcesAreStackedAlongTheFirstAxis) {
    EXPECT_EQ((PreparedTensor{"x", {{"a", {2, 3}}, {"b", {5, 3}}}}.shape()),
              (std::vector<std::int64_t>{7, 3}));
    EXPECT_EQ((PreparedTensor{"x", {{"a", {2}}, {"b", {5}}, {"c", {1}}}}.shape()),
              std::vector<std::int64_t>{8});
}

}  // namespace
}  // namespace mobi
