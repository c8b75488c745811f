// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/text_file.hpp"
#include "support/mutations.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

TEST(Llama2cVocabularyFuzzTest, NoInputBreaksTheReader) {
    const std::vector<std::string> seeds{
        read_text_file(source_path("tests/golden/byte_pair/llama2c/tokenizer.bin"))};
    constexpr std::array<std::string_view, 5> tokens{"\xFF\xFF\xFF\xFF", "\xFF\xFF\xFF\x7F", "\x01",
                                                     "\xC0\x7F", "\x80"};
    replay_mutations(seeds, tokens, 5000);
}

}  // namespace
}  // namespace mobi::test
