// SPDX-License-Identifier: Apache-2.0
#include "text/bert_text.hpp"

#include <string>
#include <string_view>
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

using Points = std::u32string;

std::string utf8(const Points& points) {
    std::string text;
    for (const char32_t c : points) append_utf8(text, c);
    return text;
}

std::string cleaned(const BertTextOptions& options, const Points& points) {
    std::string out;
    BertText(options).append(utf8(points), out);
    return out;
}

/// Whether Unicode 8 has the character, in the category that it has today.
bool is_old(char32_t c) {
    UVersionInfo age{};
    u_charAge(static_cast<UChar32>(c), age);
    constexpr std::u32string_view kMoved = U"\u166D\U000111C9\u1734\u1885\u1886\uA9BD";
    return age[0] >= 1 && age[0] <= 8 && U_IS_UNICODE_CHAR(c) && c != 0xFFFD &&
           kMoved.find(c) == std::u32string_view::npos;
}

bool white_space(char32_t c) {
    return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_WHITE_SPACE) != 0;
}

bool ideograph(char32_t c) {  // the blocks of BertNormalizer
    constexpr std::pair<char32_t, char32_t> kBlocks[] = {
        {0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
        {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
    for (const auto& [first, last] : kBlocks)
        if (c >= first && c <= last) return true;
    return false;
}

/// Each switch over the whole text, in the order of BertNormalizer.
std::string naive_cleaned(const BertTextOptions& options, Points text) {
    if (options.clean_text) {
        Points kept;
        for (const char32_t c : text) {
            const auto kind = u_charType(static_cast<UChar32>(c));
            const bool control =
                kind == U_CONTROL_CHAR || kind == U_FORMAT_CHAR || kind == U_PRIVATE_USE_CHAR;
            if (control && c != U'\t' && c != U'\n' && c != U'\r') continue;
            kept += white_space(c) ? U' ' : c;
        }
        text = kept;
    }
    if (options.space_cjk) {
        Points spaced;
        for (const char32_t c : text) spaced += ideograph(c) ? Points{U' ', c, U' '} : Points{c};
        text = spaced;
    }
    if (options.strip_accents) {
        UErrorCode status = U_ZERO_ERROR;
        const auto nfd = icu::Normalizer2::getNFDInstance(status)->normalize(
            icu::UnicodeString::fromUTF8(utf8(text)), status);
        EXPECT_TRUE(U_SUCCESS(status));
        text.clear();
        for (std::int32_t i = 0; i < nfd.length(); i = nfd.moveIndex32(i, 1))
            if (u_charType(nfd.char32At(i)) != U_NON_SPACING_MARK)
                text += static_cast<char32_t>(nfd.char32At(i));
    }
    std::string out;
    for (const char32_t c : text)
        if (options.lower_case && c == 0x130)
            out += "i\u0307";
        else
            append_utf8(out, options.lower_case
                                 ? static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)))
                                 : c);
    return out;
}

/// Characters of Unicode 8: ASCII, marks, Latin with accents, Hangul, ideographs, anything.
Points random_points(RandomStream& stream) {
    Points text;
    for (auto length = stream.below(16); length > 0; --length) {
        char32_t c = 0;
        switch (stream.below(7)) {
            case 0:
                c = static_cast<char32_t>(1 + stream.below(0x7F));
                break;
            case 1:
                c = static_cast<char32_t>(0x300 + stream.below(0x70));
                break;
            case 2:
                c = static_cast<char32_t>(0xA0 + stream.below(0x200));
                break;
            case 3:
                c = static_cast<char32_t>(0x4E00 + stream.below(0x5000));
                break;
            case 4:
                c = static_cast<char32_t>(0xAC00 + stream.below(0x2BA4));
                break;
            case 5:
                c = static_cast<char32_t>(0x2000 + stream.below(0x70));
                break;
            default:
                c = static_cast<char32_t>(1 + stream.below(0x2FFFF));
        }
        if (is_old(c)) text += c;
    }
    return text;
}

TEST(BertTextTest, EverySwitchIsItsDefinitionOnRandomTexts) {
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 12000; ++round) {
        const BertTextOptions options{(round & 1) != 0, (round & 2) != 0, (round & 4) != 0,
                                      (round & 8) != 0};
        const Points text = random_points(stream);
        ASSERT_EQ(cleaned(options, text), naive_cleaned(options, text))
            << (round & 15) << ": " << utf8(text);
    }
}

TEST(BertTextTest, EveryOldCharacterIsCleanedByItself) {
    const BertTextOptions all;
    const BertTextOptions none{false, false, false, false};
    for (char32_t c = 1; c < 0x110000; ++c) {
        if (!is_old(c)) continue;
        ASSERT_EQ(cleaned(all, {U'a', c, U'b'}), naive_cleaned(all, {U'a', c, U'b'}))
            << static_cast<std::uint32_t>(c);
        ASSERT_EQ(cleaned(none, {c}), utf8({c}));
    }
}

TEST(BertTextTest, CleaningACleanTextChangesNothing) {
    RandomStream stream(2, Purpose::Test);
    const BertTextOptions options{true, false, true, true};  // blanks around ideographs add up
    for (int round = 0; round < 3000; ++round) {
        const std::string once = cleaned(options, random_points(stream));
        std::string twice;
        BertText(options).append(once, twice);
        ASSERT_EQ(twice, once);
    }
}

TEST(BertTextTest, PartsAtAsciiAreCleanedAsTheWhole) {
    RandomStream stream(3, Purpose::Test);
    for (int round = 0; round < 2000; ++round) {
        const Points first = random_points(stream);
        const Points second = random_points(stream);
        std::string parts;
        const BertText clean{{}};
        clean.append(utf8(first) + "x", parts);
        clean.append(utf8(second), parts);
        ASSERT_EQ(cleaned({}, first + U'x' + second), parts);
    }
}

/// White space goes, punctuation stands alone.
std::vector<std::string> naive_words(const Points& text) {
    std::vector<std::string> words;
    std::string word;
    const auto flush = [&] {
        if (!word.empty()) words.push_back(word);
        word.clear();
    };
    for (const char32_t c : text) {
        const bool symbol = (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
                            (c >= 123 && c <= 126);
        const bool punctuation = symbol || u_ispunct(static_cast<UChar32>(c)) != 0;
        if (white_space(c) || punctuation) flush();
        if (white_space(c)) continue;
        append_utf8(word, c);
        if (punctuation) flush();
    }
    flush();
    return words;
}

TEST(WordSplitterTest, RandomTextsAreSplitByDefinition) {
    RandomStream stream(4, Purpose::Test);
    for (int round = 0; round < 10000; ++round) {
        const Points text = random_points(stream);
        const std::string bytes = utf8(text);
        std::vector<std::string> words;
        WordSplitter splitter(bytes);
        for (auto word = splitter.next(); !word.empty(); word = splitter.next())
            words.emplace_back(word);
        ASSERT_EQ(words, naive_words(text)) << bytes;
        ASSERT_TRUE(splitter.next().empty());
    }
}

TEST(WordSplitterTest, EveryAsciiSymbolIsPunctuation) {
    for (char c = 33; c < 127; ++c) {
        const std::string text = std::string("a") + c + "b";
        WordSplitter splitter(text);
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        EXPECT_EQ(splitter.next(), alphanumeric ? text : "a");
        EXPECT_EQ(splitter.next(), alphanumeric ? "" : std::string(1, c));
    }
}

}  // namespace
}  // namespace mobi::test
