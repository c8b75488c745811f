// SPDX-License-Identifier: Apache-2.0
#include "weights/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "model/model_support.hpp"

namespace mobi {
namespace {

std::string file_of(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string file(sizeof(length), '\0');
    std::memcpy(file.data(), &length, sizeof(length));
    return file + header + std::string(data_bytes, '\1');
}

/// The message with which `file` is refused, or "".
std::string refusal(const std::string& file) {
    try {
        SafetensorsFile::parse(std::as_bytes(std::span(file)), "test");
        return "";
    } catch (const DataError& error) {
        return error.what();
    }
}

TEST(SafetensorsTest, WhatIsWrittenIsReadBack) {
    const test::TempFolder folder;
    const auto path = folder.path() / "a.safetensors";
    NamedTensors tensors{{"bool", at::tensor({1, 0}).to(at::kBool)},
                         {"bytes", at::arange(3).to(at::kByte)},
                         {"double", at::rand({2, 2}, at::kDouble)},
                         {"empty", at::empty({0, 4})},
                         {"half", at::rand({5}).to(at::kHalf)},
                         {"brain", at::rand({3, 1}).to(at::kBFloat16)},
                         {"float", at::rand({2, 3})},
                         {"long", at::arange(4)},
                         {"scalar", at::rand({})}};
    write_safetensors(path, tensors, {{"format", "pt"}});
    const SafetensorsFile file(path);
    EXPECT_EQ(file.entries().size(), tensors.size());
    for (const auto& [name, tensor] : tensors) {
        const at::Tensor read = file.tensor(name);
        EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
        EXPECT_TRUE(at::equal(read, tensor)) << name;
    }
}

TEST(SafetensorsTest, ATensorKeepsTheMappingAlive) {
    const test::TempFolder folder;
    write_safetensors(folder.path() / "a", {{"x", at::ones({1000})}});
    at::Tensor x;
    {
        const SafetensorsFile file(folder.path() / "a");
        x = file.tensor("x");
    }
    EXPECT_EQ(x.sum().item<float>(), 1000);
}

TEST(SafetensorsTest, ATensorThatIsNotAlignedIsCopied) {
    std::string file = file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                               1);
    const float value = 3.5F;
    file.append(reinterpret_cast<const char*>(&value), sizeof(value));
    const auto parsed = SafetensorsFile::parse(std::as_bytes(std::span(file)), "test");
    EXPECT_EQ(parsed.tensor("b").item<float>(), 3.5F);
}

TEST(SafetensorsTest, ANameThatIsNotThereIsAnErrorWithANearOne) {
    const std::string file =
        file_of(R"({"encoder.weight":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1);
    const auto parsed = SafetensorsFile::parse(std::as_bytes(std::span(file)), "test");
    try {
        parsed.entry("encoder.weigth");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find("\"encoder.weight\""), std::string::npos);
    }
}

TEST(SafetensorsTest, ADtypeThatIsNotReadIsNamed) {
    const std::string file =
        file_of(R"({"x":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})", 2);
    const auto parsed = SafetensorsFile::parse(std::as_bytes(std::span(file)), "test");
    try {
        parsed.tensor("x");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find("F8_E4M3"), std::string::npos);
    }
}

TEST(SafetensorsTest, EveryDefectOfTheFormatIsRefused) {
    const auto one = [](const std::string& entry) { return R"({"x":)" + entry + "}"; };
    const std::string good = R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
    ASSERT_EQ(refusal(file_of(one(good), 2)), "");
    ASSERT_EQ(refusal(file_of(one(good) + "    ", 2)), "");
    ASSERT_EQ(refusal(file_of("{}", 0)), "");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "too few"},
        {"1234567", "too few"},
        {std::string(8, '\x7f'), "above the limit"},
        {std::string("\x40\0\0\0\0\0\0\0{}", 10), "larger than the file"},
        {file_of("", 0), "begin with {"},
        {file_of(" {}", 0), "begin with {"},
        {file_of("{", 0), "not JSON"},
        {file_of("{} x", 0), "not JSON"},
        {file_of("{\"\xff\":1}", 0), "not JSON"},
        {file_of(one(good).substr(0, one(good).size() - 1) + R"(,"x":)" + good + "}", 2), "twice"},
        {file_of(R"({"__metadata__":[]})", 0), "__metadata__"},
        {file_of(R"({"__metadata__":{"a":1}})", 0), "__metadata__"},
        {file_of(one("3"), 0), "exactly"},
        {file_of(one(R"({"dtype":"U8","shape":[2]})"), 2), "exactly"},
        {file_of(one(R"({"dtype":"U9","shape":[2],"data_offsets":[0,2]})"), 2), "unknown dtype"},
        {file_of(one(R"({"dtype":1,"shape":[2],"data_offsets":[0,2]})"), 2), "not a text"},
        {file_of(one(R"({"dtype":"U8","shape":2,"data_offsets":[0,2]})"), 2), "not a list"},
        {file_of(one(R"({"dtype":"U8","shape":[-2],"data_offsets":[0,2]})"), 2), "whole number"},
        {file_of(one(R"({"dtype":"U8","shape":[2.0],"data_offsets":[0,2]})"), 2), "whole number"},
        {file_of(one(R"({"dtype":"U8","shape":[2],"data_offsets":[0]})"), 2), "[begin, end]"},
        {file_of(one(R"({"dtype":"U8","shape":[2],"data_offsets":[2,0]})"), 2), "after its end"},
        {file_of(one(R"({"dtype":"U8","shape":[3],"data_offsets":[0,3]})"), 2), "cut off"},
        {file_of(one(R"({"dtype":"U8","shape":[1],"data_offsets":[0,2]})"), 2), "need 1"},
        {file_of(one(R"({"dtype":"F6_E2M3","shape":[1],"data_offsets":[0,1]})"), 1), "need"},
        {file_of(one(R"({"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,2]})"), 2),
         "overflows"},
        {file_of(one(good), 3), "follow the last"},
        {file_of(one(R"({"dtype":"U8","shape":[1],"data_offsets":[1,2]})"), 2), "hole"},
        {file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                 R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                 3),
         "overlap"}};
    for (const auto& [file, expected] : cases) {
        const std::string message = refusal(file);
        EXPECT_NE(message.find(expected), std::string::npos) << expected << ": " << message;
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
}

TEST(SafetensorsTest, AMissingFileIsNamed) {
    EXPECT_THROW(SafetensorsFile("/nowhere/x.safetensors"), DataError);
}

const at::ScalarType kTypes[] = {at::kBool, at::kByte, at::kChar,     at::kShort, at::kInt,
                                 at::kLong, at::kHalf, at::kBFloat16, at::kFloat, at::kDouble};

/// A tensor of random bytes, as a file may hold them.
at::Tensor random_tensor(RandomStream& random) {
    const at::ScalarType type = kTypes[random.below(std::size(kTypes))];
    std::vector<std::int64_t> shape;
    for (auto dims = random.below(4); dims > 0; --dims)
        shape.push_back(static_cast<std::int64_t>(random.below(5)));
    at::Tensor tensor = at::empty(shape, type);
    auto* bytes = static_cast<unsigned char*>(tensor.data_ptr());
    for (std::size_t i = 0; i < tensor.nbytes(); ++i)
        bytes[i] = static_cast<unsigned char>(random.below(type == at::kBool ? 2 : 256));
    return tensor;
}

bool same_bytes(const at::Tensor& a, const at::Tensor& b) {
    return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
           (a.nbytes() == 0 || std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0);
}

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SafetensorsTest, RandomFilesAreReadBackBitForBit) {
    const test::TempFolder folder;
    RandomStream random(1, Purpose::Test);
    for (int round = 0; round < 60; ++round) {
        NamedTensors tensors;
        for (auto count = random.below(8); count > 0; --count)
            tensors.emplace_back("t" + std::to_string(tensors.size()) + "\u00e9",
                                 random_tensor(random));
        const auto path = folder.path() / "a.safetensors";
        write_safetensors(path, tensors, {{"key", "value \"quoted\""}});
        const SafetensorsFile file(path);
        ASSERT_EQ(file.entries().size(), tensors.size());
        for (const auto& [name, tensor] : tensors) {
            EXPECT_TRUE(same_bytes(file.tensor(name), tensor));
            EXPECT_EQ(file.entry(name).bytes.size(), tensor.nbytes());
            EXPECT_EQ(file.entry(name).shape, tensor.sizes().vec());
        }
    }
}

TEST(SafetensorsTest, WhatIsWrittenKeepsTheFormat) {
    const test::TempFolder folder;
    const auto path = folder.path() / "a.safetensors";
    RandomStream random(2, Purpose::Test);
    NamedTensors tensors;
    for (const char* name : {"f", "c", "a", "e", "b", "d"})
        tensors.emplace_back(name, random_tensor(random));
    write_safetensors(path, tensors, {{"format", "pt"}});
    const std::string bytes = content(path);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof(length));
    EXPECT_EQ(length % 8, 0U);
    const auto header = nlohmann::json::parse(bytes.substr(8, length));
    EXPECT_EQ(header.at("__metadata__").at("format"), "pt");
    EXPECT_EQ(header.size(), tensors.size() + 1);
    std::uint64_t total = 0;
    for (const auto& [name, tensor] : tensors) {
        const std::uint64_t begin = header.at(name).at("data_offsets").at(0);
        const std::uint64_t end = header.at(name).at("data_offsets").at(1);
        ASSERT_EQ(end - begin, tensor.nbytes());
        EXPECT_EQ(begin % static_cast<std::uint64_t>(tensor.element_size()), 0U) << name;
        EXPECT_EQ(header.at(name).at("shape").get<std::vector<std::int64_t>>(),
                  tensor.sizes().vec());
        if (tensor.nbytes() > 0) {
            EXPECT_EQ(
                std::memcmp(bytes.data() + 8 + length + begin, tensor.data_ptr(), end - begin), 0);
        }
        total += tensor.nbytes();
    }
    EXPECT_EQ(bytes.size(), 8 + length + total);
}

TEST(SafetensorsTest, TheOrderOfTheTensorsIsNotInTheFile) {
    const test::TempFolder folder;
    RandomStream random(3, Purpose::Test);
    NamedTensors tensors;
    for (const char* name : {"a", "b", "c", "d", "e"})
        tensors.emplace_back(name, random_tensor(random));
    write_safetensors(folder.path() / "first", tensors);
    std::reverse(tensors.begin(), tensors.end());
    write_safetensors(folder.path() / "second", tensors);
    EXPECT_EQ(content(folder.path() / "first"), content(folder.path() / "second"));
}

TEST(SafetensorsTest, AViewIsWrittenAsItLooks) {
    const test::TempFolder folder;
    const at::Tensor x = at::arange(24, at::kFloat).reshape({4, 6});
    write_safetensors(
        folder.path() / "a",
        {{"columns", x.t()}, {"rows", x.slice(0, 1, 3)}, {"every", x.slice(1, 0, 6, 2)}});
    const SafetensorsFile file(folder.path() / "a");
    EXPECT_TRUE(at::equal(file.tensor("columns"), x.t()));
    EXPECT_TRUE(at::equal(file.tensor("rows"), x.slice(0, 1, 3)));
    EXPECT_TRUE(at::equal(file.tensor("every"), x.slice(1, 0, 6, 2)));
}

TEST(SafetensorsTest, AnAlignedTensorIsAViewOfTheFile) {
    const test::TempFolder folder;
    write_safetensors(folder.path() / "a", {{"x", at::rand({3, 4})}});
    const SafetensorsFile file(folder.path() / "a");
    EXPECT_EQ(file.tensor("x").data_ptr(), file.entry("x").bytes.data());
    const SafetensorsFile copy = file;  // one mapping
    EXPECT_EQ(copy.tensor("x").data_ptr(), file.tensor("x").data_ptr());
    EXPECT_EQ(file.name(), (folder.path() / "a").string());
}

TEST(SafetensorsTest, AFileIsReplacedAsAWhole) {
    const test::TempFolder folder;
    const auto path = folder.path() / "a";
    write_safetensors(path, {{"x", at::ones({1000})}});
    const SafetensorsFile before(path);
    write_safetensors(path, {{"x", at::zeros({1})}});
    EXPECT_EQ(before.tensor("x").sum().item<float>(), 1000);  // the old file, still mapped
    EXPECT_EQ(SafetensorsFile(path).tensor("x").numel(), 1);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path()))
        ++files;
    EXPECT_EQ(files, 1U);
}

TEST(SafetensorsTest, AFileThatCannotBeWrittenLeavesNothing) {
    const test::TempFolder folder;
    EXPECT_THROW(write_safetensors(folder.path() / "no" / "a", {{"x", at::ones({1})}}), DataError);
    std::filesystem::create_directories(folder.path() / "taken" / "inside");
    EXPECT_THROW(write_safetensors(folder.path() / "taken", {{"x", at::ones({1})}}), DataError);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        EXPECT_EQ(entry.path().filename(), "taken");
}

TEST(SafetensorsTest, WhatHasNoPlaceInAFileIsABug) {
    const test::TempFolder folder;
    EXPECT_THROW(
        write_safetensors(folder.path() / "a", {{"x", at::ones({1})}, {"x", at::ones({2})}}), Bug);
    EXPECT_THROW(write_safetensors(folder.path() / "a", {{"x", at::ones({1}, at::kComplexFloat)}}),
                 Bug);
}

TEST(SafetensorsTest, TensorsWithoutNumbersTakeNoPlace) {
    const std::string file = file_of(R"({"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},)"
                                     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                     R"("c":{"dtype":"F64","shape":[3,0],"data_offsets":[2,2]}})",
                                     2);
    const auto parsed = SafetensorsFile::parse(std::as_bytes(std::span(file)), "test");
    EXPECT_EQ(parsed.tensor("a").sizes(), (std::vector<std::int64_t>{0, 7}));
    EXPECT_EQ(parsed.tensor("c").sizes(), (std::vector<std::int64_t>{3, 0}));
    EXPECT_EQ(parsed.tensor("b").numel(), 2);
    EXPECT_TRUE(parsed.contains("a"));
    EXPECT_FALSE(parsed.contains("d"));
    EXPECT_THROW(parsed.tensor("d"), DataError);
}

TEST(SafetensorsTest, EveryTypeOfTheFormatHasItsSize) {
    const std::pair<const char*, std::size_t> bits[] = {
        {"BOOL", 8},        {"U8", 8},         {"I8", 8},      {"I16", 16},    {"U16", 16},
        {"F16", 16},        {"BF16", 16},      {"I32", 32},    {"U32", 32},    {"F32", 32},
        {"F64", 64},        {"I64", 64},       {"U64", 64},    {"C64", 64},    {"F8_E4M3", 8},
        {"F8_E5M2", 8},     {"F8_E8M0", 8},    {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
        {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}};
    for (const auto& [dtype, size] : bits) {
        const std::string end = std::to_string(size);  // eight numbers
        const std::string header = R"({"x":{"dtype":")" + std::string(dtype) +
                                   R"(","shape":[2,4],"data_offsets":[0,)" + end + "]}}";
        EXPECT_EQ(refusal(file_of(header, size)), "") << dtype;
        const std::string wrong = R"({"x":{"dtype":")" + std::string(dtype) +
                                  R"(","shape":[2,4,2],"data_offsets":[0,)" + end + "]}}";
        EXPECT_NE(refusal(file_of(wrong, size)), "") << dtype;
    }
}

TEST(SafetensorsTest, TheTilingIsCheckedWhateverTheOrderOfTheNames) {
    RandomStream random(4, Purpose::Test);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::size_t> sizes, order;
        for (std::size_t i = 0; i < 5; ++i) {
            sizes.push_back(random.below(4));
            order.push_back(i);
        }
        random.shuffle(std::span(order));
        const std::size_t moved = random.below(5);
        for (const int shift : {0, 1}) {
            std::size_t offset = 0;
            std::string header;
            for (const std::size_t i : order) {
                if (i == moved) offset += static_cast<std::size_t>(shift);  // a hole
                header += (header.empty() ? "{" : ",") + std::string("\"") +
                          static_cast<char>('a' + i) + R"(":{"dtype":"U8","shape":[)" +
                          std::to_string(sizes[i]) + R"(],"data_offsets":[)" +
                          std::to_string(offset) + ',' + std::to_string(offset + sizes[i]) + "]}";
                offset += sizes[i];
            }
            EXPECT_EQ(refusal(file_of(header + "}", offset)).empty(), shift == 0) << header;
        }
    }
}

}  // namespace
}  // namespace mobi
