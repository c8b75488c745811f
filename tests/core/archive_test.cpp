// SPDX-License-Identifier: Apache-2.0
#include "core/archive.hpp"

#include <chrono>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace mobi::test {
namespace {

enum class Colour : std::int8_t { Red = -1, Blue = 7 };

struct Inner {
    std::string name;
    std::vector<double> values;

    void archive(Archive& archive) { archive(name, values); }
    friend bool operator==(const Inner&, const Inner&) = default;
};

/// One member of each kind.
struct All {
    std::int64_t number = 0;
    bool flag = false;
    float real = 0;
    Colour colour = Colour::Red;
    TaskId id;
    VirtualClock::duration length{};
    VirtualClock::time_point time{};
    std::byte byte{};
    std::string text;
    std::vector<std::int32_t> numbers;
    Bytes bytes;
    std::vector<Inner> inner;
    std::map<TaskId, std::pair<std::int32_t, std::string>> map;
    std::optional<Inner> there, not_there;
    std::shared_ptr<const Bytes> shared;

    void archive(Archive& archive) {
        archive(number, flag, real, colour, id, length, time, byte, text, numbers, bytes, inner,
                map, there, not_there, shared);
    }
};

All full() {
    All all;
    all.number = std::numeric_limits<std::int64_t>::min();
    all.flag = true;
    all.real = -0.0F;
    all.colour = Colour::Blue;
    all.id = TaskId(1LL << 40);
    all.length = std::chrono::hours(3);
    all.time = VirtualClock::time_point::max();
    all.byte = std::byte{0xff};
    all.text = std::string("with\0zero", 9);
    all.numbers = {1, -2, 3};
    all.bytes = {std::byte{1}, std::byte{0}};
    all.inner = {{"a", {1.5}}, {"", {}}};
    all.map = {{TaskId(3), {4, "four"}}, {TaskId(5), {6, ""}}};
    all.there = Inner{"here", {2}};
    all.shared = std::make_shared<const Bytes>(all.bytes);
    return all;
}

Bytes bytes_of(All all) {
    Archive archive;
    all.archive(archive);
    return archive.take();
}

TEST(ArchiveTest, EveryKindOfMemberComesBack) {
    const Bytes bytes = bytes_of(full());
    All read;
    read.not_there = Inner{"to go", {}};
    read.numbers = {9, 9, 9, 9};
    read.map[TaskId(9)] = {};
    Archive archive(bytes);
    EXPECT_TRUE(archive.reads());
    read.archive(archive);
    archive.finish();
    const All all = full();
    EXPECT_EQ(read.number, all.number);
    EXPECT_EQ(read.flag, all.flag);
    EXPECT_TRUE(std::signbit(read.real));
    EXPECT_EQ(read.colour, all.colour);
    EXPECT_EQ(read.id, all.id);
    EXPECT_EQ(read.length, all.length);
    EXPECT_EQ(read.time, all.time);
    EXPECT_EQ(read.byte, all.byte);
    EXPECT_EQ(read.text, all.text);
    EXPECT_EQ(read.numbers, all.numbers);
    EXPECT_EQ(read.bytes, all.bytes);
    EXPECT_EQ(read.inner, all.inner);
    EXPECT_EQ(read.map, all.map);
    EXPECT_EQ(read.there, all.there);
    EXPECT_FALSE(read.not_there);
    EXPECT_EQ(*read.shared, *all.shared);
    EXPECT_EQ(bytes_of(read), bytes);
}

TEST(ArchiveTest, EveryTruncationIsRefused) {
    const Bytes bytes = bytes_of(full());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        All read;
        const std::span<const std::byte> all(bytes);
        Archive archive(all.first(size));
        EXPECT_THROW(read.archive(archive), TransportError) << size;
    }
}

TEST(ArchiveTest, WhatIsLeftOverIsRefused) {
    Bytes bytes = bytes_of(full());
    bytes.push_back({});
    All read;
    Archive archive(bytes);
    read.archive(archive);
    EXPECT_THROW(archive.finish(), TransportError);
}

TEST(ArchiveTest, NumbersAreReadInPlace) {
    std::vector<float> values{1, 2, 3};
    Archive writes;
    writes.numbers(std::span(values));
    const Bytes bytes = writes.take();
    EXPECT_EQ(bytes.size(), 12U);
    std::vector<float> read(3);
    Archive reads(bytes);
    reads.numbers(std::span(read));
    EXPECT_EQ(read, values);
    std::vector<float> more(4);
    Archive again(bytes);
    EXPECT_THROW(again.numbers(std::span(more)), TransportError);
}

}  // namespace
}  // namespace mobi::test
