// SPDX-License-Identifier: Apache-2.0
#include "core/byte_io.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/float_bytes.hpp"

namespace mobi::test {
namespace {

TEST(ByteReaderTest, ReadsWhatTheWriterWrote) {
    ByteWriter writer;
    writer.put(std::uint16_t{7});
    writer.put_text("text");
    writer.put_all(std::span<const float>(std::vector<float>{1.5F, -2.5F}));
    const Bytes bytes = writer.take();
    EXPECT_EQ(bytes.size(), 2U + 4 + 4 + 8);
    EXPECT_EQ(bytes[0], std::byte{7});  // little-endian
    ByteReader reader(bytes, "message");
    EXPECT_EQ(reader.get<std::uint16_t>(), 7);
    EXPECT_EQ(reader.get_text(), "text");
    EXPECT_EQ(reader.get_all<float>(2), (std::vector<float>{1.5F, -2.5F}));
    EXPECT_NO_THROW(reader.finish());
}

TEST(ByteReaderTest, ReadsFloatsOneByOne) {
    const Bytes bytes = bytes_of({1.5F, -2});
    ByteReader reader(bytes, "message");
    EXPECT_EQ(reader.get<float>(), 1.5F);
    EXPECT_EQ(reader.get<float>(), -2.0F);
    EXPECT_NO_THROW(reader.finish());
}

TEST(ByteReaderTest, AShortMessageThrowsAndALyingCountDoesNotAllocate) {
    const Bytes bytes(6);
    ByteReader reader(bytes, "message");
    EXPECT_THROW(reader.get<std::uint64_t>(), TransportError);
    EXPECT_THROW(reader.get_all<double>(std::numeric_limits<std::size_t>::max() / 4),
                 TransportError);
    EXPECT_EQ(reader.get<std::uint32_t>(), 0U);
    EXPECT_THROW(reader.finish(), TransportError);
}

}  // namespace
}  // namespace mobi::test
