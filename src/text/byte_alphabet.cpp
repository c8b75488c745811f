// SPDX-License-Identifier: Apache-2.0
#include "text/byte_alphabet.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "text/utf8.hpp"

namespace mobi {
namespace {

constexpr std::size_t kCharacters = 0x100 + 68;

constexpr bool spells_itself(std::size_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
}

// The byte of each character, -1 for those that are not of the alphabet.
constexpr std::array<std::int16_t, kCharacters> kByteOf = [] {
    std::array<std::int16_t, kCharacters> bytes{};
    bytes.fill(-1);
    std::size_t next = 0x100;
    for (std::size_t byte = 0; byte < 0x100; ++byte)
        bytes.at(spells_itself(byte) ? byte : next++) = static_cast<std::int16_t>(byte);
    return bytes;
}();

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view piece) {
    std::string bytes;
    for (std::size_t i = 0; i < piece.size();) {
        const char32_t c = next_character(piece, i);
        if (c >= kCharacters || kByteOf.at(c) < 0) return std::nullopt;
        bytes += static_cast<char>(kByteOf.at(c));
    }
    return bytes;
}

}  // namespace mobi
