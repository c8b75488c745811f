// SPDX-License-Identifier: Apache-2.0
// Drives the fuzz target with changes of valid checkpoints that are the same on every run.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "record/checkpoint_file.hpp"
#include "support/mutations.hpp"

namespace mobi::test {
namespace {

/// An input of the target: size and check are made right.
std::string input(record::StoredCheckpoint checkpoint) {
    Archive archive;
    checkpoint.archive(archive);
    std::string text(1 + 24, '\1');
    for (const std::byte byte : archive.take()) text += static_cast<char>(byte);
    return text;
}

TEST(CheckpointFuzzTest, ChangedCheckpointsAreRefusedOrRead) {
    const std::vector<std::string> seeds{
        input({}), input({{{"/training", 7}, {"/evaluations", 3}}, Bytes(40, std::byte{9})}),
        std::string(200, '\0')};
    const std::vector<std::string_view> tokens{
        "MOBICKP1", "/training", std::string_view("\0\0\0\0", 4),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\x7f", 8)};
    replay_mutations(seeds, tokens, 20'000);
}

}  // namespace
}  // namespace mobi::test
