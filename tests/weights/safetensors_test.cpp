// SPDX-License-Identifier: Apache-2.0
#include "weights/safetensors.hpp"

#include <cstring>
#include <fstream>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
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

}  // namespace
}  // namespace mobi
