// SPDX-License-Identifier: Apache-2.0
#include "core/foreign_format.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mobi {
namespace {

using namespace std::string_view_literals;

std::string kind_of(std::string_view first) {
    const auto format = foreign_format(first);
    return format ? std::string(format->is) : "";
}

TEST(ForeignFormatTest, FirstBytesTellWhatAFileIs) {
    EXPECT_EQ(kind_of("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
              "a Git LFS pointer");
    EXPECT_EQ(kind_of("\x1f\x8b\x08\0\0"sv), "gzip");
    EXPECT_EQ(kind_of("PK\x03\x04\x14\0"sv), "a zip archive");
    EXPECT_EQ(kind_of("PAR1\x15\x04"sv), "parquet");
    EXPECT_EQ(kind_of("\x89HDF\r\n\x1a\n\0"sv), "an HDF5 file");
    EXPECT_EQ(kind_of("\x80\x02}q\0"sv), "a Python pickle");
    EXPECT_EQ(kind_of("\n <!DOCTYPE HTML>\n<html>"), "a page of HTML");
    EXPECT_EQ(kind_of("<HTML lang=en>"), "a page of HTML");
    EXPECT_EQ(kind_of("\xff\xfet\0e\0x\0t\0"sv), "text in UTF-16");
    EXPECT_EQ(kind_of("t\0e\0x\0t\0\t\0l\0\n\0"sv), "text in UTF-16");
    EXPECT_EQ(kind_of("\0t\0e\0x\0t\0\t\0l\0\n"sv), "text in UTF-16");
    EXPECT_EQ(kind_of("\xff\xfe\0\0t\0\0\0"sv), "text in UTF-32");
}

TEST(ForeignFormatTest, WhatMayBeRightIsLeftToItsReader) {
    EXPECT_EQ(kind_of(""), "");
    EXPECT_EQ(kind_of("P"), "");
    EXPECT_EQ(kind_of("text\tlabel\n<html>\t1\n"), "");
    EXPECT_EQ(kind_of("\xef\xbb\xbftext\tlabel\n"), "");  // UTF-8 with its mark
    EXPECT_EQ(kind_of("{\"model_type\": \"bert\"}"), "");
    EXPECT_EQ(kind_of("\x40\0\0\0\0\0\0\0{\"__metadata__\""sv), "");  // safetensors
    EXPECT_EQ(kind_of("\x1b\0\0\0\0\0\0\0\x05\0\0\0"sv), "");         // llama2.c's tokenizer.bin
}

TEST(ForeignFormatTest, TheMessageSaysWhatToDo) {
    EXPECT_EQ(foreign_format_message("a.tsv", foreign_format("BZh91AY").value(), "text"),
              "a.tsv: is bzip2, not text: bunzip2 unpacks it");
}

}  // namespace
}  // namespace mobi
