// SPDX-License-Identifier: Apache-2.0
#include "text/text_normalizer.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

using Kind = NormalizerStep::Kind;

std::string normalized(std::vector<NormalizerStep> steps, std::string_view text) {
    std::string out;
    TextNormalizer(std::move(steps)).append(text, out);
    return out;
}

TEST(TextNormalizerTest, StepsFollowEachOther) {
    const std::vector<NormalizerStep> llama{{Kind::Prepend, "", "_"}, {Kind::Replace, " ", "_"}};
    EXPECT_EQ(normalized(llama, "a b "), "_a_b_");
    EXPECT_EQ(normalized(llama, " "), "__");
    EXPECT_EQ(normalized(llama, ""), "") << "nothing goes in front of nothing";
    EXPECT_EQ(normalized({}, "a b"), "a b");
}

TEST(TextNormalizerTest, ReplacesEachOccurrenceOnce) {
    EXPECT_EQ(normalized({{Kind::Replace, "aa", "a"}}, "aaaaa"), "aaa");
    EXPECT_EQ(normalized({{Kind::Replace, "a", "aa"}}, "aba"), "aabaa");
    EXPECT_EQ(normalized({{Kind::Replace, "b", ""}}, "bab"), "a");
}

TEST(TextNormalizerTest, ComposesWhatUnicode9Composes) {
    const auto nfc = [](std::string_view text) { return normalized({{Kind::Nfc, "", ""}}, text); };
    EXPECT_EQ(nfc("cafe\u0301"), "caf\u00E9");
    EXPECT_EQ(nfc("\u212B \u2126"), "\u00C5 \u03A9");
    EXPECT_EQ(nfc("\u1112\u1161\u11AB"), "\uD55C");
    EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307") << "marks are put in order";
    EXPECT_EQ(nfc("\u0958"), "\u0915\u093C") << "excluded from composition";
    EXPECT_EQ(nfc("plain \u00E9 \u4E2D"), "plain \u00E9 \u4E2D");
    EXPECT_EQ(nfc(std::string("a\0b", 3)), std::string("a\0b", 3));
    EXPECT_EQ(nfc("\U00011935\U00011930"), "\U00011935\U00011930") << "of Unicode 13";
    EXPECT_EQ(nfc("q\u0345\u0898"), "q\u0345\u0898") << "a mark of Unicode 14 stays in place";
}

}  // namespace
}  // namespace mobi::test
