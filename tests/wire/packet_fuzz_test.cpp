// SPDX-License-Identifier: Apache-2.0
// Drives the fuzz target with changes of valid packets that are the same on every run.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "wire/packet_samples.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mobi::test {
namespace {

std::vector<std::uint8_t> valid_input(RandomStream& stream, std::uint64_t index) {
    std::vector<std::uint8_t> input(5);
    for (std::uint8_t& choice : input) choice = static_cast<std::uint8_t>(stream.below(256));
    PacketLayout layout;
    layout.dtype = static_cast<Precision>(input[0] % 5);
    layout.taps = 1 + input[1] % 4;
    layout.width = 1 + input[2] % 9;
    layout.classes = 1 + input[3] % 4;
    layout.labels = layout.classes > 1 && input[4] % 2 == 1;
    for (const std::byte byte :
         encode_packet(random_packet(layout, 1 + stream.below(4), index), layout))
        input.push_back(std::to_integer<std::uint8_t>(byte));
    return input;
}

/// Makes the check right again, so that a change is judged by what follows it.
void mend(std::vector<std::uint8_t>& input) {
    if (input.size() < 45) return;
    std::uint32_t samples = 0;
    std::memcpy(&samples, &input[5 + 24], 4);
    const bool labels = 1 + input[3] % 4 > 1 && input[4] % 2 == 1;
    const std::size_t front = 40 + 4 * std::size_t{samples} * (labels ? 2 : 1);
    std::uint32_t hash = 0x811c9dc5;
    for (std::size_t i = 0; i < front && 5 + i < input.size(); ++i)
        if (i < 36 || i >= 40) hash = (hash ^ input[5 + i]) * 0x01000193;
    std::memcpy(&input[5 + 36], &hash, 4);
}

TEST(PacketFuzzTest, ChangedPacketsAreRefusedOrWhole) {
    RandomStream stream(3, Purpose::Test);
    for (std::uint64_t round = 0; round < 20'000; ++round) {
        std::vector<std::uint8_t> input = valid_input(stream, round);
        for (std::uint64_t change = stream.below(4); change > 0; --change)
            switch (stream.below(4)) {
                case 0:
                    input[stream.below(input.size())] =
                        static_cast<std::uint8_t>(stream.below(256));
                    break;
                case 1:
                    input[stream.below(input.size())] ^=
                        static_cast<std::uint8_t>(1U << stream.below(8));
                    break;
                case 2:
                    input.resize(stream.below(input.size()) + 1);
                    break;
                default:
                    input.insert(
                        input.begin() + static_cast<std::ptrdiff_t>(stream.below(input.size())),
                        static_cast<std::uint8_t>(stream.below(256)));
            }
        if (stream.below(2) == 0) mend(input);
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
}

TEST(PacketFuzzTest, NoiseIsRefused) {
    RandomStream stream(4, Purpose::Test);
    for (int round = 0; round < 5'000; ++round) {
        std::vector<std::uint8_t> input(stream.below(200));
        for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(stream.below(256));
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
}

}  // namespace
}  // namespace mobi::test
