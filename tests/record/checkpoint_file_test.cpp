// SPDX-License-Identifier: Apache-2.0
#include "record/checkpoint_file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record/temporary_folder.hpp"

namespace mobi::test {
namespace {

using namespace record;

namespace fs = std::filesystem;

class CheckpointFileTest : public ::testing::Test {
  protected:
    static StoredCheckpoint checkpoint(std::uint8_t value) {
        return {{{"/training", value}, {"/evaluations", 3}}, Bytes(1000, std::byte{value})};
    }

    Bytes content() const {
        std::ifstream file(checkpoint_path(run), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const auto bytes = std::as_bytes(std::span(text));
        return {bytes.begin(), bytes.end()};
    }

    TemporaryFolder folder;
    fs::path run = folder.path() / "run.h5";
};

TEST_F(CheckpointFileTest, TheLastOneCounts) {
    EXPECT_FALSE(read_checkpoint(run));
    for (const auto value : {std::uint8_t{7}, std::uint8_t{8}}) {
        write_checkpoint(run, checkpoint(value));
        const auto read = read_checkpoint(run);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->rows, checkpoint(value).rows);
        EXPECT_EQ(read->state, checkpoint(value).state);
    }
    remove_checkpoint(run);
    EXPECT_FALSE(read_checkpoint(run));
    remove_checkpoint(run);  // there is none: no matter
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST_F(CheckpointFileTest, OneThatCannotBeWrittenLeavesTheOneBefore) {
    write_checkpoint(run, checkpoint(1));
    fs::path begun = checkpoint_path(run);
    begun += ".new";
    fs::create_directory(begun);  // also for root
    EXPECT_THROW(write_checkpoint(run, checkpoint(2)), RecordError);
    EXPECT_EQ(read_checkpoint(run)->state, checkpoint(1).state);
    EXPECT_THROW(write_checkpoint(folder.path() / "none" / "run.h5", checkpoint(1)), RecordError);
}

TEST_F(CheckpointFileTest, EveryDamageIsRefusedByName) {
    write_checkpoint(run, checkpoint(1));
    const Bytes whole = content();
    EXPECT_EQ(parse_checkpoint(whole, "c").state, checkpoint(1).state);
    for (std::size_t size = 0; size < whole.size(); size += size < 40 ? 1 : 37)
        EXPECT_THROW(parse_checkpoint(std::span(whole).first(size), "c"), DataError) << size;
    for (std::size_t at = 0; at < whole.size(); at += at < 40 ? 1 : 29) {
        Bytes changed = whole;
        changed[at] ^= std::byte{4};
        EXPECT_THROW(parse_checkpoint(changed, "c"), DataError) << at;
    }
    Bytes longer = whole;
    longer.push_back({});
    EXPECT_THROW(parse_checkpoint(longer, "c"), DataError);
    try {
        parse_checkpoint(std::span(whole).first(100), "results/run.h5.checkpoint");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find("results/run.h5.checkpoint"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("--overwrite"), std::string::npos);
    }
}

}  // namespace
}  // namespace mobi::test
