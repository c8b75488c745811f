// SPDX-License-Identifier: Apache-2.0
#include "prepare/token_table.hpp"

#include <fstream>
#include <sstream>

#include "core/log.hpp"
#include "prepare/tiny_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

/// Two backbones, each read by devices, and a set of texts of our own.
class TokenTableTest : public TinyRun {
  protected:
    TokenTableTest() {
        add_backbone("small", "bert", 50);
        add_backbone("large", "mpnet", 60);
        run.data.max_tokens = 16;
        texts.file = "texts.tsv";
    }

    void add_backbone(const std::string& name, const std::string& folder, std::int32_t vocabulary) {
        BackboneParameters& parameters = run.backbones[name];
        parameters.name = name;
        parameters.path = path(folder).string();
        BackbonePlan& backbone = plan.backbones.emplace_back();
        backbone.name = name;
        backbone.vocabulary = vocabulary;
        backbone.devices = 1;
    }

    /// A device of `backbone` that has these samples.
    void add_device(std::int32_t backbone, Ids samples) {
        DevicePlan& device = plan.devices.emplace_back();
        device.id = static_cast<std::int32_t>(plan.devices.size()) - 1;
        device.backbone = backbone;
        device.samples = std::move(samples);
    }

    /// On line `2 + 10 i` of its file.
    void add_text(const std::string& text) {
        texts.lines.push_back(2 + 10 * texts.texts.size());
        texts.texts.push_back(text);
        plan.samples.emplace_back();
    }

    /// A folder with byte pairs, which put nothing around a text.
    void add_byte_pairs() {
        const auto golden = source_path("tests/golden/byte_pair/gpt2");
        copy_folder("gpt2", "gpt2");
        for (const char* name : {"vocab.json", "merges.txt"})
            std::filesystem::copy(golden / name, path("gpt2") / name);
        add_backbone("pairs", "gpt2", 1000);
    }

    std::vector<TokenTable::Sample> train() {
        return tokenise_train(run, texts, FleetTokenizers(run, plan), plan);
    }
    std::vector<std::vector<TokenTable::Sample>> test() const {
        return tokenise_test(run, texts, FleetTokenizers(run, plan), plan);
    }

    template <typename Read>
    static std::string refusal_of(Read&& read) {
        try {
            read();
        } catch (const DataError& error) {
            return error.what();
        }
        return "accepted";
    }

    static std::string warnings_of(const std::function<void()>& read) {
        ::testing::internal::CaptureStderr();
        log::open(0, false);
        read();
        return ::testing::internal::GetCapturedStderr();
    }

    RunConfig run;
    FleetPlan plan;
    TextSet texts;
};

TEST_F(TokenTableTest, EveryDeviceReadsItsSamplesWithItsOwnTokenizer) {
    RandomStream random(3, Purpose::Test, 7);
    std::vector<Ids> shards(4);
    for (std::int32_t i = 0; i < 60; ++i) {
        add_text(random_text(random));
        shards[random.below(4)].push_back(i);
    }
    for (std::size_t i = 0; i < shards.size(); ++i)
        add_device(static_cast<std::int32_t>(i % 2), shards[i]);
    const auto samples = train();
    ASSERT_EQ(samples.size(), 60U);
    for (const DevicePlan& device : plan.devices)
        for (const std::int32_t id : device.samples) {
            const auto i = static_cast<std::size_t>(id);
            const Ids expected =
                device.backbone == 0
                    ? plain_ids(bert_pieces(), texts.texts[i], "[CLS]", "[SEP]", 16)
                    : plain_ids(mpnet_pieces(), texts.texts[i], "<s>", "</s>", 16);
            EXPECT_EQ(samples[i].id, id);
            EXPECT_EQ(samples[i].ids, expected) << texts.texts[i];
            EXPECT_TRUE(samples[i].type_ids.empty()) << "all of one type";
            EXPECT_EQ(plan.samples[i].tokens, static_cast<std::int32_t>(expected.size()));
        }
}

TEST_F(TokenTableTest, ASampleOfNoDeviceIsNotRead) {
    for (const char* text : {"w1 w2", "", "w3"}) add_text(text);
    texts.truth.labels = {1, 2, 3};
    add_device(0, {0, 2});
    plan.samples[1].tokens = 7;
    const auto samples = train();
    EXPECT_TRUE(samples[1].ids.empty());
    EXPECT_EQ(samples[1].label, 0);
    EXPECT_EQ(plan.samples[1].tokens, 7) << "not touched";
    EXPECT_EQ(samples[2].ids.size(), 3U);
}

TEST_F(TokenTableTest, WhatIsToBePredictedGoesWithTheSample) {
    for (const char* text : {"w1", "w2", "w3"}) add_text(text);
    add_device(1, {2, 0, 1});
    texts.truth.labels = {3, 1, 2};
    auto samples = train();
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(samples[i].label, texts.truth.labels[i]);
        EXPECT_EQ(samples[i].target, 0) << "classes have none";
    }
    texts.truth.labels = {0, 0, 0};
    texts.truth.targets = {0.5F, -1.25F, 4};
    samples = train();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(samples[i].target, texts.truth.targets[i]);
}

TEST_F(TokenTableTest, TheSecondTextOfAPairIsOfAnotherType) {
    add_text("w1 w2x");
    texts.pairs = {"w3"};
    add_device(0, {0});
    const auto samples = train();
    EXPECT_EQ(samples[0].ids, (Ids{2, id_of(bert_pieces(), "w1"), id_of(bert_pieces(), "w2"),
                                   id_of(bert_pieces(), "##x"), 3, id_of(bert_pieces(), "w3"), 3}));
    EXPECT_EQ(samples[0].type_ids, (Ids{0, 0, 0, 0, 0, 1, 1}));
}

TEST_F(TokenTableTest, LongTextsAreCutToMaxTokens) {
    RandomStream random(4, Purpose::Test, 8);
    std::string text;
    for (int i = 0; i < 5; ++i) text += (i == 0 ? "" : " ") + random_text(random);
    add_text(text);
    add_device(0, {0});
    for (const int most : {3, 4, 9, 16}) {
        run.data.max_tokens = most;
        EXPECT_EQ(train()[0].ids,
                  plain_ids(bert_pieces(), text, "[CLS]", "[SEP]", static_cast<std::size_t>(most)));
        EXPECT_EQ(plan.samples[0].tokens, most);
    }
    run.data.max_tokens = 1;
    EXPECT_THROW(train(), ConfigError) << "no room beside the special tokens";
}

TEST_F(TokenTableTest, TheTestSetIsReadByEachBackboneThatDevicesCarry) {
    RandomStream random(5, Purpose::Test, 9);
    for (int i = 0; i < 20; ++i) {
        add_text(random_text(random));
        texts.truth.labels.push_back(i % 3);
    }
    add_backbone("idle", "deep", 50);
    plan.backbones[2].devices = 0;
    const auto all = test();
    ASSERT_EQ(all.size(), 3U);
    ASSERT_EQ(all[0].size(), 20U);
    ASSERT_EQ(all[1].size(), 20U);
    EXPECT_TRUE(all[2].empty()) << "nobody carries it";
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(all[0][i].ids, plain_ids(bert_pieces(), texts.texts[i], "[CLS]", "[SEP]", 16));
        EXPECT_EQ(all[1][i].ids, plain_ids(mpnet_pieces(), texts.texts[i], "<s>", "</s>", 16));
        for (const auto& samples : all)
            if (!samples.empty()) {
                EXPECT_EQ(samples[i].id, static_cast<std::int32_t>(i));
                EXPECT_EQ(samples[i].label, texts.truth.labels[i]);
            }
    }
}

TEST_F(TokenTableTest, ATextWithoutATokenIsRefusedByItsLine) {
    add_byte_pairs();
    for (const char* text : {"a", "", "b", "", ""}) add_text(text);
    add_device(2, {0, 3, 4, 2, 1});
    EXPECT_EQ(refusal_of([&] { train(); }),
              "texts.tsv:12: the text is empty, and backbone 'pairs' puts no special token around "
              "it: nothing is left to compute with; leave the row out, or give it a text (3 such "
              "samples in this file)");
    plan.devices[0].samples = {0, 2, 4};
    EXPECT_EQ(refusal_of([&] { train(); }).rfind("texts.tsv:42: the text is empty", 0), 0U)
        << "the others are on no device";
    EXPECT_FALSE(contains(refusal_of([&] { train(); }), "such sample")) << "one is not counted";
}

TEST_F(TokenTableTest, AnEmptyTextIsReadAsItsSpecialTokensWithAWarning) {
    for (const char* text : {"w1", "", "w2", "", "w3"}) add_text(text);
    add_device(0, {0, 1, 2});
    add_device(1, {3, 4});
    const std::string warnings = warnings_of([&] {
        const auto samples = train();
        EXPECT_EQ(samples[1].ids, (Ids{2, 3}));
        EXPECT_EQ(samples[3].ids, (Ids{0, 2}));
    });
    EXPECT_TRUE(contains(warnings,
                         "texts.tsv:12: the text has no token but the special ones around it: is "
                         "it empty? 2 such samples\n"));
    texts.texts[1] = "w4";
    EXPECT_TRUE(contains(warnings_of([&] { train(); }),
                         "texts.tsv:32: the text has no token but the special ones around it: is "
                         "it empty? 1 such sample\n"));
    texts.texts[3] = "w4";
    EXPECT_EQ(warnings_of([&] { train(); }), "");
}

TEST_F(TokenTableTest, ASampleOfTheTestSetIsWarnedOfOnceForAllBackbones) {
    add_text("");
    EXPECT_TRUE(contains(warnings_of([&] { test(); }), "1 such sample\n"));
}

TEST_F(TokenTableTest, OfAPairOneEmptyTextIsNothingToWarnOf) {
    add_text("");
    texts.pairs = {"w1"};
    add_device(0, {0});
    EXPECT_EQ(warnings_of([&] { train(); }), "");
    texts.pairs = {""};
    EXPECT_TRUE(contains(warnings_of([&] { train(); }), "1 such sample"));
}

TEST_F(TokenTableTest, ATokenBeyondTheEmbeddingBelongsToAnotherModel) {
    add_text("w1 w2");
    add_text("w3 w40");
    add_device(0, {1, 0});
    const auto id = id_of(bert_pieces(), "w40");
    plan.backbones[0].vocabulary = id + 1;
    EXPECT_EQ(refusal_of([&] { train(); }), "accepted");
    plan.backbones[0].vocabulary = id;
    EXPECT_EQ(refusal_of([&] { train(); }),
              fmt::format("texts.tsv:12: the text has token {0} (\"w40\"), and the embedding of "
                          "backbone 'small' has {0} rows: its tokenizer belongs to another model",
                          id));
    EXPECT_EQ(refusal_of([&] { test(); }), refusal_of([&] { train(); }));
    plan.backbones[0].devices = 0;
    EXPECT_EQ(refusal_of([&] { test(); }), "accepted") << "no device reads with it";
}

TEST_F(TokenTableTest, ATokenTypeBeyondTheTableBelongsToAnotherModel) {
    std::ostringstream config;
    config << std::ifstream(path("bert/config.json")).rdbuf();
    std::string text = config.str();
    const std::string two = "\"type_vocab_size\": 2";
    ASSERT_NE(text.find(two), std::string::npos);
    text.replace(text.find(two), two.size(), "\"type_vocab_size\": 1");
    files.write("bert/config.json", text);
    add_text("w1");
    texts.pairs = {"w2"};
    add_device(0, {0});
    EXPECT_EQ(refusal_of([&] { train(); }),
              "texts.tsv:2: the text has tokens of type 1, and backbone 'small' knows 1 "
              "(type_vocab_size in its config.json): its tokenizer belongs to another model");
    plan.devices[0].backbone = 1;
    EXPECT_EQ(refusal_of([&] { train(); }), "accepted") << "mpnet ignores types";
}

TEST_F(TokenTableTest, TheTokenizerOfAFolderIsLoadedOnce) {
    add_backbone("again", "bert", 50);
    const FleetTokenizers tokenizers(run, plan);
    EXPECT_EQ(&tokenizers.of(0), &tokenizers.of(2));
    EXPECT_NE(&tokenizers.of(0), &tokenizers.of(1));
    EXPECT_EQ(tokenizers.token_types(0), 2);
    EXPECT_EQ(tokenizers.token_types(1), 0) << "it ignores them";
}

TEST_F(TokenTableTest, AFolderWithoutATokenizerIsNamed) {
    std::filesystem::remove(path("mpnet/vocab.txt"));
    const std::string refused = refusal_of([&] { FleetTokenizers(run, plan); });
    EXPECT_TRUE(contains(refused, path("mpnet").string() + ": holds no tokenizer"));
}

}  // namespace
}  // namespace mobi::test
