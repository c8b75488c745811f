// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/captured.hpp"
#include "app/command.hpp"
#include "core/text.hpp"
#include "support/contains.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

class VerifyTest : public ::testing::Test {
  protected:
    VerifyTest() { folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n"); }

    static std::string golden(const std::string& name) {
        return source_path(("tests/golden/backbone/" + name).c_str()).string();
    }

    std::string cases(const std::string& lines) const { return folder.write("cases.jsonl", lines); }

    Answer tokens(const std::string& lines, Words more = {}) const {
        Words words{folder.path().string(), "--tokenizer", cases(lines)};
        words.insert(words.end(), more.begin(), more.end());
        return answer_of(verify_command, words);
    }

    static std::string refusal(const Words& words) {
        return refusal_by([&] { verify_command(words); });
    }

    TempFolder folder;
};

TEST_F(VerifyTest, EqualTokensAreCounted) {
    const Answer answer = tokens(
        "{\"text\": \"a b\", \"ids\": [2, 5, 6, 3]}\n"
        "{\"text\": \"C\", \"ids\": [2, 7, 3]}\n");
    EXPECT_EQ(answer.code, 0);
    EXPECT_EQ(answer.text, "2 of 2 equal\n");
}

TEST_F(VerifyTest, TheFirstThatDiffersIsShown) {
    const Answer answer = tokens(
        "{\"text\": \"a\", \"ids\": [2, 5, 3]}\n"
        "{\"text\": \"b\", \"ids\": [2, 5, 3]}\n"
        "{\"text\": \"c\", \"ids\": [2, 5, 3]}\n");
    EXPECT_EQ(answer.code, 1);
    EXPECT_EQ(answer.text,
              "1 of 3 equal\nfirst that differs: case line 2: ids[1] is 6, expected 5\n");
}

TEST_F(VerifyTest, BareCasesHaveNoSpecialTokens) {
    const std::string bare = "{\"text\": \"a b\", \"ids\": [5, 6]}\n";
    EXPECT_EQ(tokens(bare, {"--bare"}).code, 0);
    EXPECT_EQ(tokens(bare).code, 1);
}

TEST_F(VerifyTest, EachFolderIsComparedWithItsOwnCases) {
    const TempFolder parent;
    for (const char* name : {"b_wrong", "a_right", "c_broken"}) {
        fs::create_directory(parent.path() / name);
        parent.write(std::string(name) + "/vocab.txt",
                     "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n");
        parent.write(std::string(name) + "/cases.jsonl",
                     std::string(name) == "b_wrong" ? "{\"text\": \"a\", \"ids\": [6]}\n"
                                                    : "{\"text\": \"a\", \"ids\": [2, 5, 3]}\n");
    }
    parent.write("no_folder.txt", "");
    fs::remove(parent.path() / "c_broken/vocab.txt");
    const Words words{parent.path().string(), "--tokenizer", "cases.jsonl", "--each"};
    const Answer answer = answer_of(verify_command, words);
    EXPECT_EQ(answer.code, 1);
    const auto lines = split(answer.text, '\n');
    ASSERT_EQ(lines.size(), 3U + 1);
    EXPECT_EQ(lines[0], "a_right\tequal") << "by name";
    EXPECT_TRUE(lines[1].starts_with("b_wrong\tdiffers: "));
    EXPECT_TRUE(lines[2].starts_with("c_broken\trefused: "));
    EXPECT_TRUE(contains(lines[2], "holds no tokenizer"));
    for (const char* name : {"b_wrong", "c_broken"}) fs::remove_all(parent.path() / name);
    EXPECT_EQ(answer_of(verify_command, words).code, 0);
    fs::remove_all(parent.path() / "a_right");
    EXPECT_EQ(refusal(words), "3: " + parent.path().string() + ": holds no folder");
}

TEST_F(VerifyTest, EachFoldersActivationsAreComparedWithItsOwnReference) {
    const TempFolder parent;
    for (const char* name : {"gpt2", "mpnet"})
        fs::copy(golden(name), parent.path() / name, fs::copy_options::recursive);
    fs::create_directory(parent.path() / "nothing");
    const Answer answer =
        answer_of(verify_command, {parent.path().string(), "reference.safetensors", "--each"});
    EXPECT_EQ(answer.code, 1) << "one is refused";
    std::vector<std::string_view> heads;
    std::vector<std::string_view> ends;
    for (const std::string_view line : split(answer.text, '\n'))
        if (line.starts_with("== "))
            heads.push_back(line.substr(3));
        else if (line.starts_with("largest error ") || line.starts_with("refused: "))
            ends.push_back(line);
    EXPECT_EQ(heads, (std::vector<std::string_view>{"gpt2", "mpnet", "nothing"}));
    ASSERT_EQ(ends.size(), 3U) << answer.text;
    EXPECT_TRUE(ends[0].ends_with("tolerance 1e-04: ok"));
    EXPECT_TRUE(ends[1].ends_with("tolerance 1e-04: ok"));
    EXPECT_TRUE(ends[2].starts_with("refused: "));
}

TEST_F(VerifyTest, ToleranceIsAboutTheWorstError) {
    const Words words{golden("llama"), golden("llama") + "/reference.safetensors"};
    const auto with = [&](Words more) {
        more.insert(more.begin(), words.begin(), words.end());
        return answer_of(verify_command, more);
    };
    EXPECT_EQ(with({}).code, 0);
    const Answer strict = with({"--tolerance", "1e-30"});
    EXPECT_EQ(strict.code, 1);
    EXPECT_TRUE(strict.text.ends_with("tolerance 1e-30: NOT EQUAL\n"));
    EXPECT_TRUE(contains(strict.text, "   above the tolerance\n"));
    EXPECT_FALSE(contains(with({}).text, "above the tolerance"));
    EXPECT_EQ(with({"--dtype", "bf16", "--tolerance", "1"}).code, 0);
    const Answer rounded = with({"--weight-dtype", "int4"});
    EXPECT_EQ(rounded.code, 0) << "a figure to look at";
    EXPECT_TRUE(rounded.text.ends_with(" with int4 weights\n"));
    EXPECT_EQ(with({"--weight-dtype", "int4", "--tolerance", "1e-6"}).code, 1)
        << "unless one is asked for";
}

TEST_F(VerifyTest, OnlyTheKeptBlocksAreCompared) {
    const std::string reference = golden("bert") + "/reference.safetensors";
    const auto compared = [&](Words more) {
        more.insert(more.begin(), {golden("bert"), reference});
        const Answer answer = answer_of(verify_command, more);
        EXPECT_EQ(answer.code, 0) << answer.text;
        Words names;
        for (const std::string_view line : split(answer.text, '\n')) {
            const auto words = split_words(line);
            if (words.size() == 2) names.emplace_back(words[0]);
        }
        return names;
    };
    EXPECT_EQ(compared({}), (Words{"final_norm", "hidden.0", "hidden.1", "hidden.2"}));
    EXPECT_EQ(compared({"--layers", "1"}), (Words{"hidden.0", "hidden.1"}));
    EXPECT_TRUE(refusal({golden("bert"), reference, "--layers", "3"}).starts_with("2: "));
}

TEST_F(VerifyTest, GeneratesSoManyTokensGreedily) {
    fs::copy(golden("gpt2"), folder.path() / "gpt2", fs::copy_options::recursive);
    folder.write("gpt2/vocab.json", R"({"Ġ": 0, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5})");
    folder.write("gpt2/merges.txt", "#version: 0.2\n");
    const std::string model = (folder.path() / "gpt2").string();
    const auto ids = [&](const std::string& count) {
        const Answer answer =
            answer_of(verify_command, {model, "--generate", count, "--prompt", "abc"});
        EXPECT_EQ(answer.code, 0);
        const auto lines = split(answer.text, '\n');
        EXPECT_EQ(lines[0], "prompt 1 2 3");
        EXPECT_TRUE(lines[1].starts_with("ids "));
        EXPECT_TRUE(lines[2].starts_with("text abc"));
        std::vector<std::string> words;
        for (const std::string_view word : split_words(lines[1].substr(4)))
            words.emplace_back(word);
        return words;
    };
    const auto many = ids("6");
    const auto few = ids("2");
    ASSERT_EQ(few.size(), 2U);
    ASSERT_LE(many.size(), 6U);
    EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin())) << "greedy: no draw";
    EXPECT_EQ(refusal({model, "--generate", "1", "--prompt", ""}),
              "2: --prompt: the text is empty, and this tokenizer puts no special token before it; "
              "accepted: a text of one token or more");
    EXPECT_EQ(refusal({model, "--generate", "1", "--prompt", std::string(21, 'a')}),
              "2: --prompt: the text has 21 tokens, and the backbone positions for 20");
    EXPECT_TRUE(refusal({model, "--generate", "0"}).starts_with("2: --generate 0: accepted: "));
}

TEST_F(VerifyTest, MistakesNameTheOptionOrTheFile) {
    const std::string bert = golden("bert");
    const std::string reference = bert + "/reference.safetensors";
    EXPECT_EQ(refusal({bert, reference, "--weight-dtype", "fp8"}),
              "2: --weight-dtype fp8: accepted: fp32 | fp16 | bf16 | int8 | int4");
    EXPECT_EQ(refusal({bert, reference, "--dtype", "int8"}),
              "2: --dtype int8: accepted: fp32 | bf16");
    EXPECT_TRUE(refusal({bert, reference, "--tolerance", "0"}).starts_with("2: --tolerance 0: "));
    EXPECT_TRUE(refusal({bert, "nothing.safetensors"}).starts_with("3: nothing.safetensors"));
    EXPECT_TRUE(refusal({"nowhere", reference}).starts_with("3: nowhere"));
    EXPECT_TRUE(refusal({folder.path().string(), "--tokenizer", "nothing.jsonl"})
                    .starts_with("3: nothing.jsonl"));
    EXPECT_TRUE(contains(refusal({folder.path().string(), "--tokenizer", cases("{\"text\": 1}\n")}),
                         "cases.jsonl:1"));
}

}  // namespace
}  // namespace mobi::test
