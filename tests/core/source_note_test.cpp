// SPDX-License-Identifier: Apache-2.0
#include "core/source_note.hpp"

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(SourceNoteTest, NamesTheSourceReadAndWhatTheOthersSay) {
    EXPECT_EQ(describe({"do_lower_case", "tokenizer_config.json", "tokenizer.json says true"}),
              "do_lower_case from tokenizer_config.json (tokenizer.json says true)");
    EXPECT_EQ(describe({"vocabulary", "vocab.txt", ""}), "vocabulary from vocab.txt");
}

}  // namespace
}  // namespace mobi::test
