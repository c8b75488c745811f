// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/rng.hpp"

/// The entry of the fuzz target that is linked in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mobi::test {

/// Runs the fuzz target on the seeds and on `count` deterministic changes of them: bytes replaced,
/// removed, repeated, pieces of `tokens` put in, ends cut off.
inline void replay_mutations(std::span<const std::string> seeds,
                             std::span<const std::string_view> tokens,
                             int count) {
    const auto run = [](const std::string& input) {
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    };
    for (const std::string& seed : seeds) run(seed);
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < count; ++i) {
        std::string input = seeds[stream.below(seeds.size())];
        for (auto changes = 1 + stream.below(4); changes > 0; --changes) {
            const auto place = static_cast<std::size_t>(stream.below(input.size() + 1));
            const auto length = static_cast<std::size_t>(1 + stream.below(8));
            switch (stream.below(6)) {
                case 0:
                    input.erase(place, length);
                    break;
                case 1:
                    input.insert(place, input.substr(place, length));
                    break;
                case 2:
                    input.insert(place, tokens[stream.below(tokens.size())]);
                    break;
                case 3:
                    input.insert(place, 1, static_cast<char>(stream.below(256)));
                    break;
                case 4:
                    if (place < input.size()) input[place] = static_cast<char>(stream.below(256));
                    break;
                default:
                    if (stream.below(4) == 0) input.resize(place);
            }
        }
        run(input);
    }
}

}  // namespace mobi::test
