// SPDX-License-Identifier: Apache-2.0
// Rules that hold for every key there is.
#include "config/options.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "core/text.hpp"

namespace mobi::test {
namespace {

/// `function(key, full_name)` on every key.
template <typename Function>
void for_each_key(Function function) {
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) function(key, prefix + key.name);
    });
}

template <typename Owner>
Owner owner_of(const Key<Owner>&) {
    return {};
}

template <typename Owner>
bool accepts(const Key<Owner>& key, std::string_view text) {
    Owner scratch{};
    return key.read(scratch, text);
}

TEST(OptionsTest, EveryKeyIsDocumentedAndUnique) {
    std::set<std::string> names;
    for_each_key([&](const auto& key, const std::string& name) {
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_FALSE(key.description.empty()) << name;
        EXPECT_FALSE(key.accepted.empty()) << name;
        EXPECT_FALSE(key.source.empty()) << name;
    });
    EXPECT_GT(names.size(), 150U);
}

TEST(OptionsTest, NamesAreWordsBetweenDots) {
    for_each_key([](const auto&, const std::string& name) {
        EXPECT_EQ(std::count(name.begin(), name.end(), '.'), 1) << name;
        EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        })) << name;
    });
}

TEST(OptionsTest, ADefaultIsAcceptedAndGivesItselfBack) {
    for_all_keys([](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            auto owner = owner_of(key);
            const std::string text = key.write(owner);
            EXPECT_TRUE(key.read(owner, text)) << prefix << key.name << " = " << text;
            EXPECT_EQ(key.write(owner), text) << prefix << key.name;
        }
    });
}

TEST(OptionsTest, WhatIsNotAcceptedChangesNothing) {
    for_all_keys([](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            auto owner = owner_of(key);
            const std::string before = key.write(owner);
            for (const char* text : {"no such word", "-1", "1e400", "nan", "0x10", "1 parsec"})
                if (!accepts(key, text)) {
                    EXPECT_FALSE(key.read(owner, text));
                    EXPECT_EQ(key.write(owner), before) << prefix << key.name << " = " << text;
                }
        }
    });
}

TEST(OptionsTest, EveryWordOfAChoiceIsAcceptedAndNoOther) {
    int choices = 0;
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            if (key.accepted.find(" | ") == std::string::npos) continue;
            ++choices;
            std::set<std::string> seen;
            std::string words = key.accepted;
            for (std::size_t at; !words.empty();) {
                at = words.find(" | ");
                const std::string word = words.substr(0, at);
                words = at == std::string::npos ? "" : words.substr(at + 3);
                auto owner = owner_of(key);
                EXPECT_TRUE(key.read(owner, word)) << prefix << key.name << " = " << word;
                EXPECT_EQ(key.write(owner), word);
                EXPECT_TRUE(seen.insert(key.write(owner)).second) << "two words for one value";
                EXPECT_FALSE(accepts(key, word + "x")) << prefix << key.name;
                EXPECT_FALSE(accepts(key, " " + word)) << prefix << key.name;
            }
            EXPECT_FALSE(accepts(key, key.accepted));
            EXPECT_FALSE(accepts(key, ""));
        }
    });
    EXPECT_GT(choices, 25);
}

// What the user is told is accepted is: both ends of a range, and nothing beyond.
TEST(OptionsTest, ARangeOfIntegersIncludesItsEndsAndNoMore) {
    int ranges = 0;
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            const std::size_t at = key.accepted.find("an integer from ");
            if (at == std::string::npos) continue;
            ++ranges;
            SCOPED_TRACE(prefix + key.name);
            const auto words = split_words(std::string_view(key.accepted).substr(at));
            ASSERT_EQ(words.size(), 6U) << key.accepted;
            const std::string least(words[3]), most(words[5]);
            EXPECT_TRUE(accepts(key, least));
            EXPECT_TRUE(accepts(key, most));
            EXPECT_FALSE(accepts(key, fmt::format("{}", std::stoll(least) - 1)));
            EXPECT_FALSE(accepts(key, most + "0"));
            EXPECT_FALSE(accepts(key, least + ".5"));
            EXPECT_FALSE(accepts(key, "+" + most));
            EXPECT_FALSE(accepts(key, most + " "));
        }
    });
    EXPECT_GT(ranges, 20);
}

TEST(OptionsTest, ARangeOfNumbersIncludesItsEndsAndNoMore) {
    int ranges = 0;
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            if (!key.accepted.starts_with("a number from ")) continue;
            ++ranges;
            SCOPED_TRACE(prefix + key.name);
            const auto words =
                split_words(std::string_view(key.accepted).substr(0, key.accepted.find(';')));
            ASSERT_EQ(words.size(), 6U) << key.accepted;
            const double least = std::stod(std::string(words[3]));
            const double most = std::stod(std::string(words[5]));
            const auto number = [](double value) { return fmt::format("{}", value); };
            EXPECT_TRUE(accepts(key, number(least)));
            EXPECT_TRUE(accepts(key, number(most)));
            EXPECT_TRUE(accepts(key, number((least + most) / 2)));
            EXPECT_FALSE(accepts(key, number(std::nextafter(least, -HUGE_VAL))));
            EXPECT_FALSE(accepts(key, number(std::nextafter(most, HUGE_VAL))));
        }
    });
    EXPECT_GT(ranges, 10);
}

TEST(OptionsTest, EveryUnitThatIsNamedIsAcceptedAndNeeded) {
    int quantities = 0;
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            const std::size_t at = key.accepted.find("with a unit: ");
            if (at == std::string::npos) continue;
            ++quantities;
            SCOPED_TRACE(prefix + key.name);
            std::string units = key.accepted.substr(at + 13);
            units = units.substr(0, std::min(units.find(", or "), units.find(';')));
            EXPECT_FALSE(accepts(key, "3")) << "a number without a unit";
            EXPECT_FALSE(accepts(key, "-3 " + units.substr(0, units.find(','))));
            for (const auto unit : split(units, ',')) {
                EXPECT_TRUE(accepts(key, fmt::format("3 {}", trim(unit))));
                EXPECT_TRUE(accepts(key, fmt::format("2.5{}", trim(unit))));
                EXPECT_FALSE(accepts(key, fmt::format("3 {}x", trim(unit))));
            }
            const bool above_zero = key.accepted.find("above 0") != std::string::npos ||
                                    key.accepted.find("1 ns or more") != std::string::npos;
            const std::string first = units.substr(0, units.find(','));
            EXPECT_EQ(accepts(key, "0 " + first), !above_zero) << key.accepted;
        }
    });
    EXPECT_GT(quantities, 30);
}

TEST(OptionsTest, TheWordOfADefaultIsAccepted) {
    int words = 0;
    for_all_keys([&](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            const std::size_t at = key.accepted.find(", or a");
            const std::string without_band = key.accepted.substr(0, key.accepted.find(';'));
            const std::string last =
                without_band.substr(std::min(without_band.size(), without_band.rfind(' ') + 1));
            if (without_band.ends_with(", or unknown")) {
                EXPECT_TRUE(accepts(key, last)) << prefix << key.name;
                ++words;
            } else if (at != std::string::npos && key.accepted.find(' ') == at + 1) {
                EXPECT_TRUE(accepts(key, key.accepted.substr(0, at))) << prefix << key.name;
                ++words;
            }
        }
    });
    EXPECT_GT(words, 20);
}

TEST(OptionsTest, OnlyWhatDoesNotDecideTheRunStaysWithTheHost) {
    std::set<std::string> host_only;
    for_each_key([&](const auto& key, const std::string& name) {
        if (key.host_only) host_only.insert(name);
    });
    EXPECT_EQ(host_only, (std::set<std::string>{"run.output", "run.patience", "run.threads"}));
}

TEST(OptionsTest, EntriesHaveTheirSectionsAndFolders) {
    const struct {
        EntryKind kind;
        const char *section, *folder;
        std::size_t keys;
    } kinds[] = {
        {EntryKind::Device, "device", "devices", device_keys().size()},
        {EntryKind::Link, "link", "links", link_keys().size()},
        {EntryKind::Backbone, "backbone", "backbones", backbone_keys().size()},
        {EntryKind::Availability, "availability", "availability", availability_keys().size()}};
    for (const auto& one : kinds) {
        EXPECT_EQ(section_of(one.kind), one.section);
        EXPECT_EQ(catalogue_of(one.kind), one.folder);
        EXPECT_EQ(entry_key_names(one.kind).size(), one.keys);
    }
}

TEST(OptionsTest, ASplitIsARuleOrAShareOfTrain) {
    for_all_keys([](const auto& keys, const std::string& prefix) {
        for (const auto& key : keys) {
            if (prefix + key.name != "data.split") continue;
            auto owner = owner_of(key);
            for (const char* text : {"none", "fedpetuning", "lst", "0.1", "0.999"}) {
                EXPECT_TRUE(key.read(owner, text)) << text;
                EXPECT_EQ(key.write(owner), text);
            }
            for (const char* text : {"0", "1", "1.5", "-0.1", "10 %", "dev"})
                EXPECT_FALSE(key.read(owner, text)) << text;
        }
    });
}

}  // namespace
}  // namespace mobi::test
