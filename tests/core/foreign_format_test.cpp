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
    EXPECT_EQ(kind_of("t\0\0\0e\0\0\0x\0\0\0"sv), "text in UTF-32");
    EXPECT_EQ(kind_of("\0\0\0t\0\0\0e\0\0\0x"sv), "text in UTF-32");
    EXPECT_EQ(kind_of("{\\rtf1\\ansi"), "rich text (RTF)");
    EXPECT_EQ(kind_of("\xff\xff\xff\xff\x48\x01\0\0"sv),
              "an Arrow stream, as Hugging Face's datasets keep them");
}

TEST(ForeignFormatTest, AZipArchiveIsToldByItsFirstMember) {
    const auto zip = [](std::string_view member) {
        std::string first = "PK\x03\x04" + std::string(22, '\0');
        first += static_cast<char>(member.size());
        first += std::string(3, '\0');
        return first + std::string(member) + "content";
    };
    EXPECT_EQ(kind_of(zip("train.csv")), "a zip archive");
    EXPECT_EQ(kind_of(zip("[Content_Types].xml")), "a file of Excel or of another office program");
    EXPECT_EQ(kind_of(zip("archive/data.pkl")), "a checkpoint of PyTorch");
    EXPECT_EQ(kind_of(zip("arr_0.npy")), "a NumPy archive");
    EXPECT_EQ(kind_of(zip("train.csv").substr(0, 29)), "a zip archive");
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
              "a.tsv: is bzip2, not text: 'bunzip2 < FILE > NEW' unpacks it");
}

TEST(ForeignFormatTest, TheStartOfASignatureIsNoSignature) {
    const std::string_view signatures[] = {"version https://git-lfs",
                                           "\x1f\x8b"sv,
                                           "\x1f\x9d"sv,
                                           "BZh",
                                           "\xfd"
                                           "7zXZ\0"sv,
                                           "\x28\xb5\x2f\xfd"sv,
                                           "\x04\x22\x4d\x18"sv,
                                           "Rar!\x1a\x07"sv,
                                           "7z\xbc\xaf\x27\x1c"sv,
                                           "PAR1",
                                           "ARROW1",
                                           "FEA1",
                                           "ORC\n",
                                           "\xff\xff\xff\xff"sv,
                                           "\x93NUMPY"sv,
                                           "\x89HDF\r\n\x1a\n"sv,
                                           "SQLite format 3\0"sv,
                                           "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv,
                                           "%PDF-",
                                           "{\\rtf",
                                           "<?xml",
                                           "GGUF",
                                           "\x80\x02\x8a"sv,
                                           "\x80\x02}"sv,
                                           "\x80\x03}"sv,
                                           "\x80\x04\x95"sv,
                                           "\x80\x05\x95"sv,
                                           "\xff\xfe"sv,
                                           "\xfe\xff"sv,
                                           "PK\x03\x04"sv,
                                           "<html",
                                           "<!doctype html"};
    for (const std::string_view signature : signatures) {
        const std::string kind = kind_of(signature);
        EXPECT_NE(kind, "") << signature;
        EXPECT_EQ(kind_of(std::string(signature) + "and what follows"), kind) << signature;
        for (std::size_t size = 0; size < signature.size(); ++size)
            EXPECT_EQ(kind_of(signature.substr(0, size)), "") << signature << ", " << size;
        EXPECT_EQ(kind_of("x" + std::string(signature)), "") << "not at the beginning";
    }
}

TEST(ForeignFormatTest, EveryFormatHasARemedy) {
    for (const std::string_view first :
         {"BZh"sv, "GGUF"sv, "<html"sv, "PK\x03\x04"sv, "\xff\xfe"sv}) {
        const auto format = foreign_format(first);
        ASSERT_TRUE(format);
        EXPECT_FALSE(format->remedy.empty());
    }
}

TEST(ForeignFormatTest, NoMoreThanTheFirstBytesCount) {
    // blanks as far as is looked, and HTML behind them
    EXPECT_EQ(kind_of(std::string(foreign_format_bytes - 5, ' ') + "<html"), "a page of HTML");
    EXPECT_EQ(kind_of(std::string(foreign_format_bytes - 4, ' ') + "<html"), "");
    // UTF-16 as far as is looked, and one letter of one byte behind it
    std::string text;
    while (text.size() < foreign_format_bytes) text += std::string("t\0", 2);
    EXPECT_EQ(kind_of(text + "x"), "text in UTF-16");
    text[3] = 'x';
    EXPECT_EQ(kind_of(text), "text in UTF-16");  // three in four are enough
    text[2] = '\0';
    EXPECT_EQ(kind_of(text), "");  // but none where a letter should be
}

}  // namespace
}  // namespace mobi
