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

}  // namespace
}  // namespace mobi
