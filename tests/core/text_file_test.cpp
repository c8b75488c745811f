// SPDX-License-Identifier: Apache-2.0
#include "core/text_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/error.hpp"
#include "support/temp_folder.hpp"

namespace mobi {
namespace {

std::string refusal(const std::filesystem::path& path, std::string_view expected = {}) {
    try {
        read_text_file(path, expected);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(TextFileTest, OnlyARegularFileOfSomeSizeIsRead) {
    const test::TempFolder folder;
    const auto path = folder.path() / "text";
    EXPECT_EQ(refusal(path, "write one"), path.string() + ": no such file; write one");
    EXPECT_EQ(refusal(folder.path()), folder.path().string() + ": not a regular file but a folder");
    EXPECT_EQ(refusal("/dev/zero"), "/dev/zero: not a regular file");
    ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
    EXPECT_NE(refusal(folder.path() / "pipe").find("not a regular file"),
              std::string::npos);  // and does not wait for it
    const std::string bytes("a\0\r\n", 4);
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(read_text_file(path), bytes);
    std::filesystem::resize_file(path, std::uintmax_t{1} << 33);
    EXPECT_NE(refusal(path).find("accepted: up to"), std::string::npos);
}

TEST(TextFileTest, AMissingFileThatAScriptFetchesNamesTheScript) {
    EXPECT_NE(
        refusal("data/cache/wordnet/train.tsv", "else").find("data/fetch_wordnet.sh fetches it"),
        std::string::npos);
    EXPECT_EQ(fetch_command("data/cache/backbones/x/config.json"),
              "data/fetch_backbones.sh fetches it");
    EXPECT_EQ(fetch_command("elsewhere/config.json"), "");
}

TEST(TextFileTest, TheLargestAcceptedSizeIsAccepted) {
    const test::TempFolder folder;
    const std::string path = folder.write("text", "12345");
    EXPECT_EQ(read_text_file(path, {}, 5), "12345");
    try {
        read_text_file(path, {}, 4);
        FAIL() << "read 5 bytes of 4";
    } catch (const DataError& error) {
        EXPECT_EQ(error.what(), path + ": 5 bytes; accepted: up to 4");
    }
    EXPECT_EQ(read_text_file(folder.write("empty", "")), "");
}

TEST(TextFileTest, ALinkIsReadThroughAndACircleOfLinksIsRefused) {
    const test::TempFolder folder;
    folder.write("text", "content");
    std::filesystem::create_symlink("text", folder.path() / "link");
    EXPECT_EQ(read_text_file(folder.path() / "link"), "content");
    std::filesystem::create_symlink("circle", folder.path() / "circle");
    EXPECT_NE(refusal(folder.path() / "circle").find("cannot open: "), std::string::npos);
    std::filesystem::create_symlink("nowhere", folder.path() / "broken");
    EXPECT_NE(refusal(folder.path() / "broken").find("no such file"), std::string::npos);
}

TEST(TextFileTest, AFileOfAnotherFormatIsRefusedByItsName) {
    const test::TempFolder folder;
    const std::string path = folder.write("train.tsv", std::string("\x1f\x8b\x08\0", 4));
    EXPECT_EQ(refusal(path), path + ": is gzip, not text: 'gunzip < FILE > NEW' unpacks it");
}

TEST(TextFileTest, EveryFetchedFolderNamesItsScript) {
    EXPECT_EQ(fetch_command("/home/x/mobi/data/cache/wordnet_all/train.tsv"),
              "data/fetch_wordnet.sh --all fetches it");
    EXPECT_EQ(fetch_command("./data/../data/cache/wordnet/x"), "data/fetch_wordnet.sh fetches it");
    EXPECT_EQ(fetch_command("mydata/cache/wordnet/x"), "");
}

}  // namespace
}  // namespace mobi
