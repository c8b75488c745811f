// SPDX-License-Identifier: Apache-2.0
#include "app/bench.hpp"

#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/captured.hpp"
#include "app/command.hpp"
#include "core/rng.hpp"
#include "core/text.hpp"
#include "support/contains.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

using Numbers = std::vector<std::int32_t>;

Numbers lines(const std::string& text, std::int32_t most) {
    std::istringstream stream(text);
    return read_numbers(stream, '\n', "file.txt", most);
}

TEST(ReadNumbersTest, GivesBackWhatWasWritten) {
    RandomStream random(1, Purpose::Test, 41);
    for (int i = 0; i < 50; ++i) {
        const auto most = static_cast<std::int32_t>(1 + random.below(1 << 30));
        Numbers numbers(1 + random.below(20));
        for (std::int32_t& number : numbers)
            number = 1 + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(most)));
        EXPECT_EQ(lines(fmt::format("{}\n", fmt::join(numbers, "\n")), most), numbers);
        EXPECT_EQ(lines(fmt::format("{}", fmt::join(numbers, "\n")), most), numbers)
            << "the last line may lack its end";
        EXPECT_EQ(lines(fmt::format("{}\r\n", fmt::join(numbers, "\r\n")), most), numbers);
        EXPECT_EQ(read_numbers("--devices", fmt::format("{}", fmt::join(numbers, ",")), most),
                  numbers);
    }
}

TEST(ReadNumbersTest, BlanksEmptyLinesAndCommentsDoNotCount) {
    EXPECT_EQ(lines("# lengths\n\n  7 \n\t9\n#8\n   # 3\n1\n\n", 10), (Numbers{7, 9, 1}));
    EXPECT_EQ(read_numbers("--batch", " 1, 2 ,,3,", 10), (Numbers{1, 2, 3}));
}

TEST(ReadNumbersTest, WhatIsNoNumberIsNamedByItsLine) {
    for (const char* wrong : {"x", "1x", "1.5", "1 2", "-3", "0", "11", "99999999999", "0x4", "+4"})
        EXPECT_EQ(refusal_by([&] { lines(std::string("# a comment\n\n10\n") + wrong, 10); }),
                  fmt::format("2: file.txt:4: '{}': accepted: whole numbers from 1 to 10", wrong));
    EXPECT_EQ(refusal_by([] { read_numbers("--devices", "5,six,7", 100); }),
              "2: --devices:2: 'six': accepted: whole numbers from 1 to 100");
}

TEST(ReadNumbersTest, BothBoundsAreIncluded) {
    EXPECT_EQ(lines("1\n10\n", 10), (Numbers{1, 10}));
    EXPECT_EQ(lines("2147483647\n", 2147483647), (Numbers{2147483647}));
}

TEST(ReadNumbersTest, NoNumberIsAnError) {
    for (const char* text : {"", "\n\n", "# 3\n"})
        EXPECT_EQ(refusal_by([&] { lines(text, 10); }), "2: file.txt: holds no number");
    EXPECT_EQ(refusal_by([] { read_numbers("--batch", ",", 10); }), "2: --batch: holds no number");
}

TEST(BenchCommandTest, NamesItsParts) {
    const Answer help = answer_of(bench_command, {"--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_TRUE(help.text.starts_with("usage: fedmobillm bench forward FOLDER | server CONFIG..."));
    EXPECT_EQ(refusal_by([] { bench_command({}); }) + "\n", "2: " + help.text);
    EXPECT_EQ(refusal_by([] { bench_command(Words{"backward"}); }),
              "2: bench backward: accepted: forward, server, timeline or transport");
    for (const char* part : {"forward", "server", "timeline", "transport"})
        EXPECT_TRUE(contains(answer_of(bench_command, {part, "--help"}).text,
                             std::string("bench ") + part));
}

TEST(BenchTimelineTest, HasFiveLinesAFleetAndLeavesNoFile) {
    const TempFolder folder;
    const Answer answer =
        answer_of(bench_timeline_command, {"--devices", "12,5", "--packets", "2", "--cell", "3",
                                           "--repeat", "1", "--folder", folder.path().string()});
    EXPECT_EQ(answer.code, 0);
    const auto table = split(answer.text, '\n');
    ASSERT_EQ(table.size(), 1U + 2 * 5 + 1) << "with the end of the last line";
    EXPECT_EQ(split_words(table[0])[0], "devices");
    for (std::size_t i = 1; i + 1 < table.size(); ++i) {
        const auto words = split_words(table[i]);
        EXPECT_EQ(words[0], i <= 5 ? "12" : "5");
        EXPECT_EQ(words[1], i % 5 == 0 ? "1" : "2") << "rounds have a part each";
        EXPECT_GT(std::stod(std::string(words[words.size() - 2])), 0) << table[i];
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(BenchTimelineTest, RefusesWhatIsNoSize) {
    for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
             {"devices", "10000001"}, {"packets", "0"}, {"cell", "many"}, {"repeat", "-1"}}) {
        const std::string refused = refusal_by([&] {
            bench_timeline_command(Words{"--" + option, value});
        });
        EXPECT_TRUE(refused.starts_with("2: --" + option)) << refused;
        EXPECT_TRUE(contains(refused, "accepted: "));
    }
}

TEST(BenchServerTest, RefusesWhatItCannotMeasure) {
    EXPECT_TRUE(refusal_by([] { bench_server_command({}); }).starts_with("2: bench server takes"));
    EXPECT_TRUE(refusal_by([] { bench_server_command(Words{"nowhere.cfg"}); }).starts_with("2: "));
    const std::string quick = source_path("configs/quickstart.cfg").string();
    for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
             {"samples", "1,x"}, {"threads", "0"}, {"seconds", "0"}})
        EXPECT_TRUE(refusal_by([&] {
                        bench_server_command(Words{quick, "--" + option, value});
                    }).starts_with("2: --" + option));
}

TEST(BenchTransportTest, RefusesWhatIsNoSizeBeforeMpiStarts) {
    EXPECT_EQ(refusal_by([] {
                  bench_transport_command(Words{"--bytes", "1073741825"});
              }),
              "2: --bytes:1: '1073741825': accepted: whole numbers from 1 to 1073741824");
    EXPECT_TRUE(refusal_by([] {
                    bench_transport_command(Words{"--repeat", "0"});
                }).starts_with("2: --repeat 0: accepted: "));
}

TEST(BenchForwardTest, RefusesWhatItCannotMeasure) {
    const std::string bert = source_path("tests/golden/backbone/bert").string();
    const TempFolder folder;
    const std::string long_ones = folder.write("lengths.txt", "20\n21\n");
    const auto refused = [&](Words words) {
        words.insert(words.begin(), bert);
        return refusal_by([&] { bench_forward_command(words); });
    };
    EXPECT_EQ(refused({"--dtype", "int8"}), "2: --dtype int8: accepted: fp32 | bf16");
    EXPECT_EQ(refused({"--pivot", "middle"}),
              "2: --pivot middle: accepted: auto | first | last | mean");
    EXPECT_TRUE(refused({"--threads", "0"}).starts_with("2: --threads 0: accepted: "));
    EXPECT_TRUE(refused({"--seconds", "0"}).starts_with("2: --seconds 0: accepted: "));
    EXPECT_TRUE(refused({"--layers", "0"}).starts_with("2: --layers 0: accepted: "));
    EXPECT_TRUE(refused({"--layers", "3"}).starts_with("2: ")) << "there are two";
    EXPECT_EQ(refused({"--batch", "64,0"}),
              "2: --batch:2: '0': accepted: whole numbers from 1 to 1048576");
    EXPECT_EQ(refused({"--lengths", "nowhere.txt"}), "3: nowhere.txt: cannot be read");
    EXPECT_EQ(refused({"--lengths", long_ones}),
              "2: " + long_ones + ":2: '21': accepted: whole numbers from 1 to 20")
        << "the backbone has positions for 20";
    EXPECT_TRUE(refusal_by([] { bench_forward_command(Words{"nowhere"}); }).starts_with("3: "));
}

TEST(BenchForwardTest, MeasuresOneBatchALine) {
    const std::string bert = source_path("tests/golden/backbone/bert").string();
    const Answer answer = answer_of(
        bench_forward_command, {bert, "--batch", "20,50", "--seconds", "0.001", "--dtype", "fp32"});
    EXPECT_EQ(answer.code, 0);
    const auto table = split(answer.text, '\n');
    ASSERT_EQ(table.size(), 1U + 1 + 2 + 1);
    EXPECT_TRUE(contains(table[0], "bert, 2 blocks x 24"));
    EXPECT_TRUE(contains(table[0], "fp32 arithmetic, 1 thread,"));
    EXPECT_EQ(split_words(table[2])[0], "20");
    EXPECT_EQ(split_words(table[3])[0], "50");
    EXPECT_EQ(split_words(table[3])[1], "40") << "sequences of 20, for which there are positions";
}

}  // namespace
}  // namespace mobi::test
