// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mobi::test {

/// `text` with a few bytes changed, removed, repeated or cut off.
inline std::string mutate(std::string text, RandomStream& random) {
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes && !text.empty(); ++i) {
        const std::size_t place = random.below(text.size());
        const std::size_t length = 1 + random.below(std::min<std::size_t>(8, text.size() - place));
        switch (random.below(5)) {
            case 0:
                text[place] = static_cast<char>(random.below(256));
                break;
            case 1:
                text.erase(place, length);
                break;
            case 2:
                text.insert(place, text.substr(place, length));
                break;
            case 3:
                text.resize(place);
                break;
            default:
                text[place] = "0123456789{}[],:\""[random.below(17)];
        }
    }
    return text;
}

/// Runs the fuzz target on `valid` and on `count` deterministic changes of it.
inline void run_mutations(const std::string& valid, std::uint64_t count) {
    for (std::uint64_t round = 0; round <= count; ++round) {
        RandomStream random(1, Purpose::Test, round);
        const std::string input = round == 0 ? valid : mutate(valid, random);
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    }
}

}  // namespace mobi::test
