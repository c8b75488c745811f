// SPDX-License-Identifier: Apache-2.0
#include "weights/content_hash.hpp"

#include <bit>
#include <cstring>

#include <fmt/format.h>

namespace mobi {
namespace {

constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd

/// A bijection of `lane` for each `word`, and the reverse: no single change can get lost.
constexpr std::uint64_t mix(std::uint64_t lane, std::uint64_t word) {
    return std::rotl((lane ^ word) * kMultiplier, 29);
}

/// The finaliser of MurmurHash3: every bit of the input moves every bit of the output.
constexpr std::uint64_t finish(std::uint64_t value) {
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
    return value ^ (value >> 33);
}

}  // namespace

void ContentHash::add(std::span<const std::byte> bytes) {
    constexpr std::size_t kStripe = kLanes * sizeof(std::uint64_t);
    const std::uint64_t length = bytes.size();
    std::array<std::uint64_t, kLanes> words{};
    while (bytes.size() >= kStripe) {
        std::memcpy(words.data(), bytes.data(), kStripe);
        for (std::size_t i = 0; i < kLanes; ++i) lanes_[i] = mix(lanes_[i], words[i]);
        bytes = bytes.subspan(kStripe);
    }
    words.fill(0);
    if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
    for (std::size_t i = 0; i < kLanes; ++i) lanes_[i] = mix(lanes_[i], words[i] ^ length);
}

std::string ContentHash::hex() const {
    std::uint64_t high = 0;
    std::uint64_t low = kMultiplier;
    for (const std::uint64_t lane : lanes_) {
        high = finish(mix(high, lane));
        low = finish(mix(low, ~lane));
    }
    return fmt::format("{:016x}{:016x}", high, low);
}

}  // namespace mobi
