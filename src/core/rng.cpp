// SPDX-License-Identifier: Apache-2.0
#include "core/rng.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <set>

#include "core/check.hpp"

namespace mobi {

std::array<std::uint32_t, 4> internal::philox(std::array<std::uint32_t, 4> c,
                                              std::array<std::uint32_t, 2> k) {
    constexpr std::uint64_t m0 = 0xD2511F53;
    constexpr std::uint64_t m1 = 0xCD9E8D57;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = m0 * c[0];
        const std::uint64_t p1 = m1 * c[2];
        c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
             static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
    return c;
}

RandomStream::RandomStream(std::uint64_t seed,
                           Purpose purpose,
                           std::uint64_t index,
                           std::uint32_t subindex) {
    // The key and the upper counter words hold the stream's name; the lowest word counts blocks.
    // A first pass over (index, subindex) leaves 2^32 blocks to each stream.
    const std::array<std::uint32_t, 2> seed_key{static_cast<std::uint32_t>(seed),
                                                static_cast<std::uint32_t>(seed >> 32)};
    const auto name = internal::philox(
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), subindex,
         static_cast<std::uint32_t>(purpose)},
        seed_key);
    key_ = {name[0], name[1]};
    counter_ = {0, name[2], name[3], static_cast<std::uint32_t>(purpose)};
}

std::uint32_t RandomStream::next_u32() {
    if (used_ == 4) {
        block_ = internal::philox(counter_, key_);
        ++counter_[0];
        used_ = 0;
    }
    return block_[used_++];
}

std::uint64_t RandomStream::next_u64() {
    const std::uint64_t low = next_u32();
    return (static_cast<std::uint64_t>(next_u32()) << 32) | low;
}

double RandomStream::uniform() {
    return static_cast<double>(next_u64() >> 11) * 0x1p-53;
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
    MOBI_CHECK(bound > 0, "no number is below 0");
    const std::uint64_t reject_above = ~std::uint64_t{0} - (~std::uint64_t{0} % bound + 1) % bound;
    std::uint64_t value = next_u64();
    while (value > reject_above) value = next_u64();
    return value % bound;
}

double RandomStream::normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
}

double RandomStream::log_gamma_draw(double shape) {
    MOBI_CHECK(shape > 0, "gamma shape {}", shape);
    if (shape < 1) {  // G(a) = G(a + 1) U^(1/a)
        const double larger = log_gamma_draw(shape + 1);
        return larger + std::log(1 - uniform()) / shape;
    }
    const double d = shape - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    while (true) {
        const double x = normal();
        const double t = 1 + c * x;
        if (t <= 0) continue;
        const double v = t * t * t;
        if (std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
            return std::log(d * v);
    }
}

std::vector<std::uint64_t> sample_without_replacement(RandomStream& stream,
                                                      std::uint64_t size,
                                                      std::uint64_t count) {
    MOBI_CHECK(count <= size, "{} of {}", count, size);
    std::set<std::uint64_t> chosen;
    for (std::uint64_t last = size - count; last < size; ++last)
        if (!chosen.insert(stream.below(last + 1)).second) chosen.insert(last);
    return {chosen.begin(), chosen.end()};
}

double positive_normal(double mean, double deviation, RandomStream& stream) {
    MOBI_CHECK(mean > 0 && deviation >= 0, "a normal of mean {} and deviation {}", mean, deviation);
    double value = 0;
    do value = mean + deviation * stream.normal();
    while (!(value > 0));
    return value;
}

std::vector<double> dirichlet(RandomStream& stream, std::span<const double> concentrations) {
    std::vector<double> shares;
    shares.reserve(concentrations.size());
    for (const double shape : concentrations) shares.push_back(stream.log_gamma_draw(shape));
    const double largest = *std::max_element(shares.begin(), shares.end());
    double sum = 0;
    for (double& share : shares) sum += (share = std::exp(share - largest));
    for (double& share : shares) share /= sum;
    return shares;
}

}  // namespace mobi
