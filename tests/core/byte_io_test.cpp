// SPDX-License-Identifier: Apache-2.0
#include "core/byte_io.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/float_bytes.hpp"
#include "core/rng.hpp"

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

/// Values of all kinds in a random order come back, and from no shorter message.
TEST(ByteReaderPropertyTest, ReadsEveryMessageAndNoPartOfIt) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        RandomStream stream(seed, Purpose::Test);
        ByteWriter writer;
        std::vector<std::function<void(ByteReader&)>> reads;
        for (auto left = 1 + stream.below(8); left > 0; --left) {
            const std::uint64_t bits = stream.next_u64();
            switch (stream.below(5)) {
                case 0:
                    writer.put(static_cast<std::int64_t>(bits));
                    reads.emplace_back([bits](ByteReader& reader) {
                        EXPECT_EQ(reader.get<std::uint64_t>(), bits);
                    });
                    break;
                case 1:
                    writer.put(static_cast<std::uint8_t>(bits));
                    reads.emplace_back([bits](ByteReader& reader) {
                        EXPECT_EQ(reader.get<std::uint8_t>(), static_cast<std::uint8_t>(bits));
                    });
                    break;
                case 2: {
                    std::string text(stream.below(5), static_cast<char>(bits));
                    writer.put_text(text);
                    reads.emplace_back(
                        [text](ByteReader& reader) { EXPECT_EQ(reader.get_text(), text); });
                    break;
                }
                case 3: {
                    const std::vector<std::int16_t> values(stream.below(5),
                                                           static_cast<std::int16_t>(bits));
                    writer.put_all(std::span(values));
                    reads.emplace_back([values](ByteReader& reader) {
                        EXPECT_EQ(reader.get_all<std::int16_t>(values.size()), values);
                    });
                    break;
                }
                default: {
                    const Bytes values(stream.below(5), static_cast<std::byte>(bits));
                    writer.put_bytes(values);
                    reads.emplace_back([values](ByteReader& reader) {
                        EXPECT_EQ(reader.take_copy(values.size()), values);
                    });
                }
            }
        }
        const std::size_t size = writer.size();
        const Bytes bytes = writer.take();
        ASSERT_EQ(bytes.size(), size);
        const auto read_all = [&](std::span<const std::byte> part) {
            ByteReader reader(part, "message");
            for (const auto& read : reads) read(reader);
            EXPECT_EQ(reader.remaining(), 0U);
            reader.finish();
        };
        read_all(bytes);
        for (std::size_t part = 0; part < size; ++part)
            EXPECT_THROW(read_all(std::span(bytes).first(part)), TransportError) << part;
    }
}

TEST(ByteReaderTest, ARefusedReadTakesNothing) {
    const Bytes bytes = bytes_of({1.5F});
    ByteReader reader(bytes, "message");
    EXPECT_THROW(reader.get<double>(), TransportError);
    EXPECT_THROW(reader.get_all<std::int16_t>(3), TransportError);
    EXPECT_THROW(reader.take(5), TransportError);
    EXPECT_EQ(reader.remaining(), 4U);
    EXPECT_EQ(reader.get<float>(), 1.5F);
}

TEST(ByteReaderTest, ErrorsNameTheMessageAndWhatIsMissing) {
    const auto refusal = [](auto&& read) -> std::string {
        const Bytes bytes(6);
        ByteReader reader(bytes, "work request");
        try {
            read(reader);
        } catch (const TransportError& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal([](ByteReader& reader) { reader.get_all<std::int32_t>(2); }),
              "work request: cut short, 2 values of 4 bytes expected, 6 bytes left");
    EXPECT_EQ(refusal([](ByteReader& reader) { reader.take(7); }),
              "work request: cut short, 7 values of 1 bytes expected, 6 bytes left");
    EXPECT_EQ(refusal([](ByteReader& reader) { reader.finish(); }),
              "work request: 6 bytes too many");
    EXPECT_EQ(
        refusal([](ByteReader& reader) { reader.get_all<std::int32_t>(std::size_t{1} << 62U); }),
        "work request: cut short, 4611686018427387904 values of 4 bytes expected, 6 bytes left");
}

TEST(ByteReaderTest, AViewIsOfTheBytesThemselves) {
    const Bytes bytes(6);
    ByteReader reader(bytes, "message");
    reader.take(2);
    EXPECT_EQ(reader.take(3).data(), bytes.data() + 2);
}

TEST(ByteWriterTest, IsEmptyAfterItsBytesWereTaken) {
    ByteWriter writer;
    writer.put(1);
    EXPECT_EQ(writer.take().size(), 4U);
    EXPECT_EQ(writer.size(), 0U);
}

}  // namespace
}  // namespace mobi::test
