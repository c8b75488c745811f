// SPDX-License-Identifier: Apache-2.0
#include "text/sequence_template.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;
using Kind = TemplatePart::Kind;

/// A text "aaa" has the ids 100, 101, 102; one of b's those from 200 on.
void append_letters(std::string_view text, std::size_t enough, Ids& ids) {
    for (std::size_t i = 0; i < text.size() && i < enough; ++i)
        ids.push_back((text[i] == 'a' ? 100 : 200) + static_cast<std::int32_t>(i));
}

Encoding encode(const SequenceTemplate& frame,
                std::size_t first,
                std::optional<std::size_t> second = {},
                std::size_t max_tokens = 0) {
    const std::string a(first, 'a');
    const std::string b(second.value_or(0), 'b');
    return frame.encode(a, second ? std::optional<std::string_view>(b) : std::nullopt, max_tokens,
                        append_letters);
}

TEST(SequenceTemplateTest, WithoutSpecialTokensTextsStandSideBySide) {
    const SequenceTemplate frame;
    EXPECT_EQ(encode(frame, 2).ids, (Ids{100, 101}));
    EXPECT_EQ(encode(frame, 2, 1).ids, (Ids{100, 101, 200}));
    EXPECT_EQ(encode(frame, 2, 1).type_ids, (Ids{0, 0, 1}));
    EXPECT_EQ(frame.largest_id(), -1);
}

TEST(SequenceTemplateTest, BertHasThreeSpecialTokensAroundAPair) {
    const auto frame = SequenceTemplate::bert(7, 8);
    EXPECT_EQ(encode(frame, 1).ids, (Ids{7, 100, 8}));
    EXPECT_EQ(encode(frame, 1).type_ids, (Ids{0, 0, 0}));
    EXPECT_EQ(encode(frame, 1, 2).ids, (Ids{7, 100, 8, 200, 201, 8}));
    EXPECT_EQ(encode(frame, 1, 2).type_ids, (Ids{0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(frame.largest_id(), 8);
}

TEST(SequenceTemplateTest, RobertaHasFourAndOneType) {
    const auto frame = SequenceTemplate::roberta(9, 8);
    EXPECT_EQ(encode(frame, 1).ids, (Ids{9, 100, 8}));
    EXPECT_EQ(encode(frame, 1, 2).ids, (Ids{9, 100, 8, 8, 200, 201, 8}));
    EXPECT_EQ(encode(frame, 1, 2).type_ids, Ids(7, 0));
    EXPECT_EQ(frame.largest_id(), 9);
}

TEST(SequenceTemplateTest, ADecoderHasWhatItIsGiven) {
    const auto ids = [](std::optional<std::int32_t> bos, std::optional<std::int32_t> eos) {
        return encode(SequenceTemplate::decoder(bos, eos), 1, 1).ids;
    };
    EXPECT_EQ(ids(1, 2), (Ids{1, 100, 2, 1, 200, 2}));
    EXPECT_EQ(ids(1, {}), (Ids{1, 100, 1, 200}));
    EXPECT_EQ(ids({}, 2), (Ids{100, 2, 200, 2}));
    EXPECT_EQ(ids({}, {}), (Ids{100, 200}));
    EXPECT_EQ(encode(SequenceTemplate::decoder(1, 2), 1, 1).type_ids, (Ids{0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(SequenceTemplate::decoder({}, {}), SequenceTemplate());
}

/// `longest_first` one id at a time: the longer text loses its last id, of equal ones that which
/// was the shorter at first.
std::pair<std::size_t, std::size_t> naive_kept(std::size_t first,
                                               std::size_t second,
                                               std::size_t room) {
    const bool first_was_longer = first > second;
    while (first + second > room) {
        if (first != second)
            (first > second ? first : second) -= 1;
        else
            (first_was_longer ? second : first) -= 1;
    }
    return {first, second};
}

TEST(SequenceTemplateTest, APairIsCutOneIdAtATimeFromTheLongerText) {
    const auto frame = SequenceTemplate::bert(7, 8);
    for (std::size_t first = 0; first < 14; ++first)
        for (std::size_t second = 0; second < 14; ++second)
            for (std::size_t room = 1; room < 30; ++room) {
                const Ids ids = encode(frame, first, second, room + 3).ids;
                const auto [a, b] = naive_kept(first, second, room);
                ASSERT_EQ(ids.size(), a + b + 3);
                Ids expected{7};
                append_letters(std::string(a, 'a'), a, expected);
                expected.push_back(8);
                append_letters(std::string(b, 'b'), b, expected);
                expected.push_back(8);
                ASSERT_EQ(ids, expected) << first << " and " << second << " in " << room;
            }
}

TEST(SequenceTemplateTest, ALimitCutsTheEndOfATextAndKeepsTheFrame) {
    const auto frame = SequenceTemplate::bert(7, 8);
    for (std::size_t length = 0; length < 10; ++length)
        for (std::size_t limit = 3; limit < 15; ++limit) {
            const Encoding whole = encode(frame, length);
            const Encoding cut = encode(frame, length, {}, limit);
            ASSERT_EQ(cut.ids.size(), std::min(whole.ids.size(), limit));
            ASSERT_EQ(cut.type_ids.size(), cut.ids.size());
            EXPECT_EQ(cut.ids.back(), 8);
            EXPECT_TRUE(std::equal(cut.ids.begin(), cut.ids.end() - 1, whole.ids.begin()));
        }
}

TEST(SequenceTemplateTest, OnlyASingleTextMayStopEarly) {
    std::vector<std::size_t> asked;
    const auto record = [&](std::string_view, std::size_t enough, Ids&) {
        asked.push_back(enough);
    };
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    const auto frame = SequenceTemplate::bert(7, 8);
    frame.encode("a", {}, 10, record);
    EXPECT_EQ(asked, std::vector<std::size_t>{8});
    asked.clear();
    frame.encode("a", "b", 10, record);
    EXPECT_EQ(asked, (std::vector<std::size_t>{kAll, kAll}));
    asked.clear();
    frame.encode("a", {}, 0, record);
    EXPECT_GT(asked.at(0), std::size_t{1} << 60);
}

TEST(SequenceTemplateTest, ALimitWithoutRoomNamesTheLeastThatHasSome) {
    const auto refusal = [](const SequenceTemplate& frame, std::optional<std::size_t> second,
                            std::size_t limit) {
        try {
            encode(frame, 1, second, limit);
        } catch (const ConfigError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    const auto roberta = SequenceTemplate::roberta(1, 2);
    for (std::size_t limit = 1; limit <= 2; ++limit)
        EXPECT_EQ(refusal(roberta, {}, limit),
                  std::to_string(limit) +
                      " tokens at most leave no room beside 2 special tokens; "
                      "data.max_tokens = 3 or more");
    EXPECT_EQ(refusal(roberta, {}, 3), "");
    EXPECT_NE(refusal(roberta, 1, 4), "");
    EXPECT_EQ(refusal(roberta, 1, 5), "");
    EXPECT_EQ(refusal(SequenceTemplate(), 1, 1), "");
}

TEST(SequenceTemplateTest, PartsMayStandInAnyOrder) {
    const SequenceTemplate frame(
        {{Kind::Special, 5, 1}, {Kind::First, -1, 1}},
        {{Kind::Second, -1, 3}, {Kind::Special, 9, 2}, {Kind::First, -1, 0}});
    EXPECT_EQ(encode(frame, 1).ids, (Ids{5, 100}));
    EXPECT_EQ(encode(frame, 1).type_ids, (Ids{1, 1}));
    EXPECT_EQ(encode(frame, 2, 1).ids, (Ids{200, 9, 100, 101}));
    EXPECT_EQ(encode(frame, 2, 1).type_ids, (Ids{3, 2, 0, 0}));
    EXPECT_EQ(frame.largest_id(), 9);
}

TEST(SequenceTemplateTest, EqualTemplatesAreEqual) {
    EXPECT_EQ(SequenceTemplate::bert(1, 2), SequenceTemplate::bert(1, 2));
    EXPECT_FALSE(SequenceTemplate::bert(1, 2) == SequenceTemplate::bert(1, 3));
    EXPECT_FALSE(SequenceTemplate::bert(1, 2) == SequenceTemplate::roberta(1, 2));
}

}  // namespace
}  // namespace mobi::test
