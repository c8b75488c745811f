// SPDX-License-Identifier: Apache-2.0
#include "weights/mapped_file.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/contains.hpp"
#include "support/temp_folder.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool all_zero(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](std::byte byte) { return byte == std::byte{0}; });
}

TEST(MappedFileTest, AFileIsItsBytes) {
    const test::TempFolder folder;
    for (const std::size_t size : {1U, 4095U, 4096U, 4097U, 100'000U}) {
        std::string bytes(size, '\0');
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7);
        EXPECT_EQ(text_of(MappedFile::open(folder.write("file", bytes)).bytes()), bytes);
    }
}

TEST(MappedFileTest, AnEmptyFileHasNoBytes) {
    const test::TempFolder folder;
    EXPECT_TRUE(MappedFile::open(folder.write("file", "")).bytes().empty());
}

TEST(MappedFileTest, WhatCannotBeOpenedIsNamed) {
    const test::TempFolder folder;
    const auto refusal = [](const fs::path& path) {
        try {
            MappedFile::open(path);
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    const fs::path absent = folder.path() / "absent";
    EXPECT_EQ(refusal(absent), absent.string() + ": cannot open: No such file or directory");
    EXPECT_EQ(refusal(folder.path()), folder.path().string() + ": not a regular file");
    EXPECT_EQ(refusal("/dev/null"), "/dev/null: not a regular file");
}

TEST(MappedFileTest, WhatIsWrittenIsInTheFile) {
    const test::TempFolder folder;
    const fs::path path = folder.write("file", "something longer than what comes");
    {
        MappedFile file = MappedFile::create(path, 10);
        EXPECT_TRUE(all_zero(file.bytes()));  // what was there is gone
        EXPECT_EQ(file.writable_bytes().size(), 10U);
        std::memcpy(file.writable_bytes().data(), "0123456789", 10);
        EXPECT_EQ(text_of(file.bytes()), "0123456789");
        EXPECT_NO_THROW(file.sync(path));
    }
    EXPECT_EQ(content(path), "0123456789");
}

TEST(MappedFileTest, AMappingOutlivesTheNameOfItsFile) {
    const test::TempFolder folder;
    const fs::path path = folder.write("file", "kept");
    const MappedFile file = MappedFile::open(path);
    fs::remove(path);
    EXPECT_EQ(text_of(file.bytes()), "kept");
}

TEST(MappedFileTest, TwoMappingsOfAFileAreOneMemory) {
    const test::TempFolder folder;
    MappedFile writer = MappedFile::create(folder.path() / "file", 3);
    const MappedFile reader = MappedFile::open(folder.path() / "file");
    writer.writable_bytes()[1] = std::byte{'x'};
    EXPECT_EQ(reader.bytes()[1], std::byte{'x'});
}

TEST(MappedFileTest, AFileThatCannotBeMadeIsAnError) {
    const test::TempFolder folder;
    EXPECT_THROW(MappedFile::create(folder.path() / "no" / "file", 1), DataError);
    EXPECT_THROW(MappedFile::create(folder.path(), 1), DataError);
}

TEST(MappedFileTest, PrivateMemoryIsZeroAndAligned) {
    MappedFile memory = MappedFile::anonymous(5000);
    EXPECT_EQ(memory.bytes().size(), 5000U);
    EXPECT_TRUE(all_zero(memory.bytes()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.bytes().data()) % 4096, 0U);
    memory.writable_bytes()[4999] = std::byte{1};
    EXPECT_EQ(memory.bytes()[4999], std::byte{1});
    EXPECT_TRUE(all_zero(MappedFile::anonymous(5000).bytes()));
    EXPECT_THROW(MappedFile::anonymous(std::size_t{1} << 62), DataError);
}

TEST(MappedFileTest, MisuseIsABug) {
    const test::TempFolder folder;
    const fs::path path = folder.write("file", "x");
    MappedFile file = MappedFile::open(path);
    EXPECT_THROW(file.writable_bytes(), Bug);
    EXPECT_THROW(file.sync(path), Bug);
    EXPECT_THROW(MappedFile::create(path, 0), Bug);
    EXPECT_THROW(MappedFile::anonymous(0), Bug);
}

TEST(MappedFileTest, MovingHandsTheMemoryOn) {
    MappedFile first = MappedFile::anonymous(8);
    const std::byte* place = first.bytes().data();
    MappedFile second = std::move(first);
    EXPECT_EQ(second.bytes().data(), place);
    MappedFile third = MappedFile::anonymous(16);
    third = std::move(second);
    EXPECT_EQ(third.bytes().data(), place);
    EXPECT_EQ(third.bytes().size(), 8U);
    third.writable_bytes()[7] = std::byte{1};  // still ours, still writable
    const test::TempFolder folder;
    third = MappedFile::open(folder.write("file", "abc"));
    EXPECT_EQ(text_of(third.bytes()), "abc");
    EXPECT_THROW(third.writable_bytes(), Bug);
}

}  // namespace
}  // namespace mobi
