// SPDX-License-Identifier: Apache-2.0
#include "text/text_normalizer.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf.h>

#include "core/rng.hpp"
#include "text/utf8.hpp"

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

std::string naive_replaced(const std::string& text,
                           const std::string& from,
                           const std::string& to) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (text.compare(i, from.size(), from) == 0) {
            out += to;
            i += from.size();
        } else {
            out += text[i++];
        }
    }
    return out;
}

TEST(TextNormalizerTest, RandomStepsAreTheirDefinitionsInOrder) {
    RandomStream stream(1, Purpose::Test);
    const auto draw = [&](std::size_t most) {
        std::string text;
        for (auto length = stream.below(most + 1); length > 0; --length)
            text += static_cast<char>('a' + stream.below(2));
        return text;
    };
    for (int round = 0; round < 3000; ++round) {
        const std::string text = draw(12);
        std::string expected = text;
        std::vector<NormalizerStep> steps;
        for (auto count = stream.below(4); count > 0; --count) {
            const NormalizerStep step{stream.below(2) == 0 ? Kind::Prepend : Kind::Replace,
                                      "a" + draw(2), draw(3)};
            if (step.kind == Kind::Replace)
                expected = naive_replaced(expected, step.from, step.to);
            else if (!expected.empty())
                expected = step.to + expected;
            steps.push_back(step);
        }
        ASSERT_EQ(normalized(steps, text), expected);
    }
}

TEST(TextNormalizerTest, WhatIsInTheBufferStays) {
    std::string out = "before ";
    TextNormalizer({{Kind::Replace, "before", "x"}}).append("before", out);
    EXPECT_EQ(out, "before x");
    TextNormalizer({}).append("!", out);
    EXPECT_EQ(out, "before x!");
}

/// Random characters of Unicode 9, marks among them.
std::string random_old_text(RandomStream& stream) {
    std::string text;
    for (auto length = stream.below(12); length > 0; --length) {
        char32_t c = U'a';
        switch (stream.below(4)) {
            case 0:
                c = static_cast<char32_t>(0x300 + stream.below(0x70));
                break;
            case 1:
                c = static_cast<char32_t>('a' + stream.below(26));
                break;
            case 2:
                c = static_cast<char32_t>(0x1100 + stream.below(0x100));
                break;
            default:
                c = static_cast<char32_t>(stream.below(0x30000));
        }
        UVersionInfo age{};
        u_charAge(static_cast<UChar32>(c), age);
        if (age[0] >= 1 && age[0] <= 9 && U_IS_UNICODE_CHAR(c)) append_utf8(text, c);
    }
    return text;
}

TEST(TextNormalizerTest, OfOldCharactersItIsNfcAndDoneTwiceTheSame) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
    ASSERT_TRUE(U_SUCCESS(status));
    RandomStream stream(2, Purpose::Test);
    int changed = 0;
    for (int round = 0; round < 5000; ++round) {
        const std::string text = random_old_text(stream);
        const std::string once = normalized({{Kind::Nfc, "", ""}}, text);
        std::string expected;
        nfc->normalize(icu::UnicodeString::fromUTF8(text), status).toUTF8String(expected);
        ASSERT_EQ(once, expected);
        ASSERT_EQ(normalized({{Kind::Nfc, "", ""}}, once), once);
        changed += once != text ? 1 : 0;
    }
    EXPECT_GT(changed, 500);
}

}  // namespace
}  // namespace mobi::test
