// SPDX-License-Identifier: Apache-2.0
#include "data/class_names.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

using Lines = std::vector<std::string>;

/// A table of these labels, in this order.
Table labels(const std::vector<std::string>& cells) {
    std::string text = "text\tlabel\n";
    for (const std::string& cell : cells) text += "a\t" + cell + "\n";
    return Table::parse("t", text, kTsv);
}

ClassNames found(const std::vector<std::string>& cells) {
    return found_class_names(labels(cells), "label");
}

std::string refusal(const std::vector<std::string>& cells) {
    try {
        found(cells);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(NameKeyTest, IsThatOfNamesThatPeopleTakeForOne) {
    for (const auto& [one, other] : std::vector<std::pair<const char*, const char*>>{
             {"World", "world"},
             {"Sci tech", " sci  tech "},
             {"caf\u00e9", "cafe\u0301"},  // composed and not
             {"Stra\u00dfe", "STRASSE"},
             {"a\u00a0b", "a b"},      // a blank that does not break
             {"\uff11\uff12", "12 "},  // digits of full width
             {"1", "1.0"},
             {"01", "1"},
             {"0", "-0"},
             {"1e2", "100"}})
        EXPECT_EQ(name_key(one), name_key(other)) << one;
    for (const auto& [one, other] : std::vector<std::pair<const char*, const char*>>{
             {"World", "Worlds"}, {"a b", "ab"}, {"1", "2"}, {"caf\u00e9", "cafe"}, {"1.5", "1,5"}})
        EXPECT_NE(name_key(one), name_key(other)) << one;
}

TEST(ClassNamesTest, BlanksAroundALabelDoNotCount) {
    const ClassNames classes = found({"x", "y ", "x ", "y"});
    EXPECT_EQ(classes.names, (Lines{"x", "y"}));
    EXPECT_EQ(classes.warnings,
              (Lines{"t:3: the blanks around \"y \", and around other labels, do not count"}));
}

TEST(ClassNamesTest, NamesThatDifferInHowTheyAreWrittenAreReported) {
    const ClassNames classes = found({"World", "Sports", "world", "1", "1.0"});
    EXPECT_EQ(classes.names, (Lines{"1", "1.0", "Sports", "World", "world"}));
    EXPECT_EQ(
        classes.warnings,
        (Lines{"t: the classes \"1\" (line 5) and \"1.0\" (line 6) differ only in how they are "
               "written; they count as two",
               "t: the classes \"World\" (line 2) and \"world\" (line 4) differ only in how "
               "they are written; they count as two"}));
    EXPECT_EQ(found({"World", "Sports", "2", "1.0"}).warnings, Lines());
}

TEST(ClassNamesTest, WhatStandsForAMissingValueIsReported) {
    EXPECT_EQ(found({"x", "nan", "y"}).warnings,
              (Lines{"t:3: the label \"nan\" looks like a value that is missing; it counts as a "
                     "class"}));
    EXPECT_EQ(refusal({"x", "", "y"}), "t:3: the label (column \"label\") is empty");
    EXPECT_EQ(refusal({"x", "  ", "y"}), "t:3: the label (column \"label\") is empty");
    EXPECT_FALSE(is_missing_value("nano"));
}

TEST(ClassNamesTest, AColumnThatHoldsSomethingElseIsReported) {
    std::vector<std::string> targets;
    std::vector<std::string> sentences;
    for (int i = 0; i < 30; ++i) {
        targets.push_back(std::to_string(i % 25) + ".5");
        sentences.push_back("sentence " + std::to_string(i));
    }
    EXPECT_EQ(found(targets).warnings,
              (Lines{"t: the 25 different labels are all numbers; each counts as a class (for "
                     "regression set data.classes = 1)"}));
    EXPECT_EQ(
        found(sentences).warnings,
        (Lines{"t: 30 rows have 30 different labels: is column \"label\" that of the label?"}));
}

TEST(ClassNamesTest, MoreClassesThanAPacketCountsAreRefused) {
    std::vector<std::string> many;
    for (std::size_t i = 0; i <= kMostClasses; ++i) many.push_back("c" + std::to_string(i));
    EXPECT_EQ(refusal(many),
              "t: 65536 different labels in column \"label\"; at most 65535 classes");
}

TEST(ClassNamesTest, AControlCharacterIsNoPartOfALabel) {
    EXPECT_EQ(refusal({"x", "y\x1b[2J"}),
              "t:3: the label \"y\\x1b[2J\" (column \"label\") holds a control character");
}

TEST(ClassNamesTest, AFileOfNamesMayComeFromAnyEditor) {
    const TempFolder folder;
    for (const char* text : {"yes\nno\n", "\xEF\xBB\xBFyes\r\nno \r\n\r\n", "yes\rno"}) {
        const ClassNames classes = read_class_names(folder.write("classes.txt", text));
        EXPECT_EQ(classes.names, (Lines{"yes", "no"})) << text;
        EXPECT_EQ(classes.warnings, Lines());
    }
    EXPECT_EQ(read_class_names(folder.write("classes.txt", "yes\nno\nYes\n")).warnings.size(), 1U);
}

}  // namespace
}  // namespace mobi::test
