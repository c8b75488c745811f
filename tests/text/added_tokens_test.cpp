// SPDX-License-Identifier: Apache-2.0
#include "text/added_tokens.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Parts = std::vector<std::pair<std::string, std::int32_t>>;

AddedToken token(std::int32_t id, std::string content) {
    AddedToken made;
    made.id = id;
    made.content = std::move(content);
    return made;
}

AddedToken with(AddedToken made, bool AddedToken::*flag) {
    made.*flag = true;
    return made;
}

Parts split(const std::vector<AddedToken>& tokens, std::string_view text) {
    Parts parts;
    for (const auto& part : AddedTokenFinder(tokens).split(text))
        parts.emplace_back(part.text, part.id);
    return parts;
}

TEST(AddedTokenFinderTest, OfSeveralThatBeginTheLongestIsTaken) {
    const std::vector<AddedToken> tokens{token(1, "<a"), token(2, "<a>"), token(3, "a>")};
    EXPECT_EQ(split(tokens, "x<a>y"), (Parts{{"x", -1}, {"<a>", 2}, {"y", -1}}));
    EXPECT_EQ(split(tokens, "<a<a>"), (Parts{{"<a", 1}, {"<a>", 2}}));
    EXPECT_EQ(split(tokens, "aa>"), (Parts{{"a", -1}, {"a>", 3}}));
    EXPECT_EQ(split({token(5, "x"), token(6, "x")}, "x"), (Parts{{"x", 5}}))
        << "the first of equals";
}

TEST(AddedTokenFinderTest, NothingOrATokenAloneIsFine) {
    EXPECT_EQ(split({token(1, "t")}, ""), Parts{});
    EXPECT_EQ(split({}, "text"), (Parts{{"text", -1}}));
    EXPECT_EQ(split({token(1, "")}, "text"), (Parts{{"text", -1}}));
    EXPECT_EQ(split({token(1, "t")}, "tt"), (Parts{{"t", 1}, {"t", 1}}));
    EXPECT_TRUE(AddedTokenFinder({token(1, "")}).empty());
    EXPECT_FALSE(AddedTokenFinder({token(1, "a")}).empty());
}

/// From left to right, the longest token at each place.
Parts naive_split(std::vector<AddedToken> tokens, const std::string& text) {
    Parts parts;
    std::string between;
    for (std::size_t i = 0; i < text.size();) {
        const AddedToken* best = nullptr;
        for (const AddedToken& candidate : tokens)
            if (text.compare(i, candidate.content.size(), candidate.content) == 0 &&
                (best == nullptr || candidate.content.size() > best->content.size()))
                best = &candidate;
        if (best == nullptr) {
            between += text[i++];
            continue;
        }
        if (!between.empty()) parts.emplace_back(between, -1);
        between.clear();
        parts.emplace_back(best->content, best->id);
        i += best->content.size();
    }
    if (!between.empty()) parts.emplace_back(between, -1);
    return parts;
}

TEST(AddedTokenFinderTest, EqualsTheDefinitionOnRandomTokens) {
    RandomStream random(1, Purpose::Test);
    const auto draw = [&](std::size_t most) {
        std::string text;
        for (auto length = 1 + random.below(most); length > 0; --length)
            text += static_cast<char>('a' + random.below(3));
        return text;
    };
    for (int round = 0; round < 2000; ++round) {
        std::vector<AddedToken> tokens;
        for (auto count = random.below(5); count > 0; --count)
            tokens.push_back(token(static_cast<std::int32_t>(tokens.size()), draw(4)));
        const std::string text = draw(30);
        ASSERT_EQ(split(tokens, text), naive_split(tokens, text)) << text;
    }
}

TEST(AddedTokenFinderTest, NothingOfATextIsLostWhateverTheSwitches) {
    RandomStream random(2, Purpose::Test);
    const std::array<std::string, 8> words{"<t>",    " ", "\u00A0", "a",
                                           "\u4E2D", "_", "\u0301", "<u>"};
    for (int round = 0; round < 3000; ++round) {
        std::vector<AddedToken> tokens{token(1, "<t>"), token(2, "<u>"), token(3, "_\u4E2D")};
        for (AddedToken& made : tokens) {
            made.single_word = random.below(2) == 0;
            made.lstrip = random.below(2) == 0;
            made.rstrip = random.below(2) == 0;
        }
        std::string text, joined;
        for (auto count = random.below(12); count > 0; --count)
            text += words[random.below(words.size())];
        bool was_text = false;
        for (const auto& [part, id] : split(tokens, text)) {
            ASSERT_FALSE(part.empty());
            ASSERT_FALSE(was_text && id < 0) << "two stretches of text side by side";
            was_text = id < 0;
            joined += part;
        }
        ASSERT_EQ(joined, text);
    }
}

TEST(AddedTokenFinderTest, ASingleWordHasNoWordCharacterBesideIt) {
    const std::vector<AddedToken> tokens{with(token(1, "the"), &AddedToken::single_word)};
    for (const std::string beside :
         {"a", "Z", "0", "_", "\u00E9", "\u4E2D", "\u0301", "\u200D", "\u203F", "\U00010400"}) {
        EXPECT_EQ(split(tokens, beside + "the").size(), 1U) << beside;
        EXPECT_EQ(split(tokens, "the" + beside).size(), 1U) << beside;
        EXPECT_EQ(split(tokens, beside + "the" + beside), (Parts{{beside + "the" + beside, -1}}));
    }
    for (const std::string beside : {" ", "-", ".", "\u00A0", "\u2014", "\U0001F642", "\u00BD"}) {
        EXPECT_EQ(split(tokens, beside + "the" + beside),
                  (Parts{{beside, -1}, {"the", 1}, {beside, -1}}))
            << beside;
    }
    EXPECT_EQ(split(tokens, "the"), (Parts{{"the", 1}}));
    EXPECT_EQ(split(tokens, "thethe"), (Parts{{"thethe", -1}}));
    EXPECT_EQ(split(tokens, "\xFFthe\xFF").size(), 3U) << "what is not UTF-8 is no word";
}

TEST(AddedTokenFinderTest, StrippingSwallowsWhiteSpaceOfEveryKind) {
    const AddedToken left = with(token(1, "<m>"), &AddedToken::lstrip);
    const AddedToken right = with(token(1, "<m>"), &AddedToken::rstrip);
    const AddedToken both = with(left, &AddedToken::rstrip);
    const std::string text = "a \t\u00A0<m>\u3000\n b";
    EXPECT_EQ(split({left}, text), (Parts{{"a", -1}, {" \t\u00A0<m>", 1}, {"\u3000\n b", -1}}));
    EXPECT_EQ(split({right}, text), (Parts{{"a \t\u00A0", -1}, {"<m>\u3000\n ", 1}, {"b", -1}}));
    EXPECT_EQ(split({both}, text), (Parts{{"a", -1}, {" \t\u00A0<m>\u3000\n ", 1}, {"b", -1}}));
    EXPECT_EQ(split({both}, "<m>  <m>"), (Parts{{"<m>  ", 1}, {"<m>", 1}}))
        << "what one has swallowed is gone for the next";
    EXPECT_EQ(split({both}, " <m> "), (Parts{{" <m> ", 1}}));
}

// As the tokenizers library: the search goes on behind the token, not behind what it swallowed.
TEST(AddedTokenFinderTest, ATokenMayBeginWithASwallowedBlank) {
    const std::vector<AddedToken> tokens{with(token(1, "<m>"), &AddedToken::rstrip),
                                         token(2, " b")};
    EXPECT_EQ(split(tokens, "<m> bc"), (Parts{{"<m> ", 1}, {" b", 2}, {"c", -1}}));
    EXPECT_EQ(split(tokens, "<m>  c"), (Parts{{"<m>  ", 1}, {"c", -1}}));
}

/// Stretches of a visit, with a star in front of those that begin the text.
Parts visited(const std::vector<AddedToken>& tokens,
              std::string_view text,
              const AddedTokens::Clean& clean,
              int most = 1000) {
    Parts parts;
    AddedTokens(tokens, clean).visit(text, [&](const AddedTokens::Part& part) {
        parts.emplace_back((part.begins_text ? "*" : "") + std::string(part.text), part.id);
        return static_cast<int>(parts.size()) < most;
    });
    return parts;
}

/// To lower case, without the letter x.
void lower(std::string_view text, std::string& out) {
    for (const char letter : text) {
        if (letter == 'x') continue;
        out += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    }
}

TEST(AddedTokensTest, RawTokensAreFoundBeforeTheTextIsCleaned) {
    const std::vector<AddedToken> tokens{token(1, "[A]"),
                                         with(token(2, "{B}"), &AddedToken::normalized)};
    EXPECT_EQ(visited(tokens, "P[A]Q{B}R[a]{b}", lower),
              (Parts{{"*p", -1}, {"[A]", 1}, {"q", -1}, {"{b}", 2}, {"r[a]", -1}, {"{b}", 2}}));
}

TEST(AddedTokensTest, CleaningMayMakeATokenOfText) {
    const std::vector<AddedToken> tokens{with(token(2, "ab"), &AddedToken::normalized)};
    EXPECT_EQ(visited(tokens, "AxB", lower), (Parts{{"*ab", 2}}));
    const std::vector<AddedToken> raw{token(2, "ab")};
    EXPECT_EQ(visited(raw, "AxB", lower), (Parts{{"*ab", -1}})) << "looked for in the raw text";
}

TEST(AddedTokensTest, OnlyTheFirstStretchBeginsTheText) {
    const std::vector<AddedToken> tokens{token(1, "|"),
                                         with(token(2, "+"), &AddedToken::normalized)};
    EXPECT_EQ(visited(tokens, "|a", lower), (Parts{{"*|", 1}, {"a", -1}}));
    EXPECT_EQ(visited(tokens, "a|a", lower), (Parts{{"*a", -1}, {"|", 1}, {"a", -1}}));
    EXPECT_EQ(visited(tokens, "+a|+", lower), (Parts{{"*+", 2}, {"a", -1}, {"|", 1}, {"+", 2}}));
    EXPECT_EQ(visited(tokens, "", lower), Parts{});
}

TEST(AddedTokensTest, AVisitStopsWhenItIsTold) {
    const std::vector<AddedToken> tokens{token(1, "|"),
                                         with(token(2, "+"), &AddedToken::normalized)};
    const Parts all = visited(tokens, "a|b+c|d", lower);
    ASSERT_EQ(all.size(), 7U);
    for (int most = 1; most <= 7; ++most)
        EXPECT_EQ(visited(tokens, "a|b+c|d", lower, most), Parts(all.begin(), all.begin() + most));
}

TEST(AddedTokensTest, TwoTokensOfOneCleanSpellingAreRefused) {
    const auto normalized = [](std::int32_t id, const char* content) {
        return with(token(id, content), &AddedToken::normalized);
    };
    try {
        AddedTokens({normalized(4, "[A]"), token(5, "[a]"), normalized(6, "[xA]")}, lower);
        FAIL();
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(),
                     "added tokens: \"[xA]\" (id 6) and the one of id 4 are both \"[a]\" in clean "
                     "text; set normalized to false for one of them, or take it out of "
                     "added_tokens.json, tokenizer_config.json and tokenizer.json");
    }
    EXPECT_NO_THROW(AddedTokens({normalized(4, "[A]"), normalized(4, "[a]")}, lower)) << "one id";
    EXPECT_NO_THROW(AddedTokens({token(4, "[A]"), token(5, "[a]")}, lower));
}

TEST(AddedTokenTest, SameButIdComparesEverySwitch) {
    const AddedToken base = token(1, "t");
    AddedToken other = token(2, "t");
    EXPECT_TRUE(same_but_id(base, other));
    for (bool AddedToken::*flag :
         {&AddedToken::single_word, &AddedToken::lstrip, &AddedToken::rstrip,
          &AddedToken::normalized, &AddedToken::special}) {
        other = base;
        other.*flag = !(other.*flag);
        EXPECT_FALSE(same_but_id(base, other));
    }
    other = base;
    other.content = "u";
    EXPECT_FALSE(same_but_id(base, other));
}

}  // namespace
}  // namespace mobi::test
