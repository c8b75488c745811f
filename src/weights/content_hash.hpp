// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mobi {

/// A 128-bit fingerprint of bytes, to name a prepared file after what it was made from.
///
/// Reads at memory speed (a 438 MB folder must not cost a second at every start of every rank).  It
/// tells versions of a file apart; it does not withstand someone who wants two files to collide.
class ContentHash {
  public:
    /// Takes one more piece; its length counts, so that ("ab", "c") differs from ("a", "bc").
    void add(std::span<const std::byte> bytes);
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

    /// 32 hexadecimal digits.
    std::string hex() const;

  private:
    static constexpr std::size_t kLanes = 8;
    std::array<std::uint64_t, kLanes> lanes_{1, 2, 3, 4, 5, 6, 7, 8};
};

}  // namespace mobi
