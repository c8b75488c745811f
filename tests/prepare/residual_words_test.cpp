// SPDX-License-Identifier: Apache-2.0
#include "prepare/residual_words.hpp"

#include "prepare/tiny_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;
using Names = std::vector<std::string>;

/// Backbones that devices carry; the first token of each is what is tapped.
class ResidualWordsTest : public TinyRun {
  protected:
    ResidualWordsTest() { run.residual.head = ResidualHeadKind::LmVerbalizer; }

    void carry(const std::string& name, const std::string& folder, Pivot pivot = Pivot::First) {
        BackboneParameters& parameters = run.backbones[name];
        parameters.name = name;
        parameters.path = path(folder).string();
        parameters.weight_dtype = Precision::Fp32;
        BackbonePlan& backbone = plan.backbones.emplace_back();
        backbone.name = name;
        backbone.devices = 1;
        backbone.pivot = pivot;
    }

    /// A decoder whose pieces are letters, some of them with the blank before; `Ġ` is the blank.
    void carry_decoder(const std::string& name = "decoder",
                       const char* pieces = R"({"Ġ": 0, "a": 1, "b": 2, "Ġa": 3, "c": 4, "Ġab": 5,
                                                "d": 6, "<|endoftext|>": 7})") {
        copy_folder("gpt2", name);
        files.write(name + "/vocab.json", pieces);
        files.write(name + "/merges.txt", "#version: 0.2\nĠ a\nĠa b\n");
        carry(name, name, Pivot::Last);
    }

    /// A folder with a classifier of three classes.
    void carry_classifier() {
        copy_folder("roberta", "roberta");
        files.write("roberta/vocab.json",
                    R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5})");
        files.write("roberta/merges.txt", "#version: 0.2\n");
        carry("classifier", "roberta");
    }

    std::vector<Ids> words(const Names& names) const {
        return residual_words(run, plan, FleetTokenizers(run, plan), names,
                              static_cast<std::int32_t>(names.size()));
    }

    std::string refusal_of(const Names& names) const {
        try {
            words(names);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "accepted";
    }

    RunConfig run;
    FleetPlan plan;
};

TEST_F(ResidualWordsTest, OtherHeadsHaveNoWords) {
    carry("small", "bert", Pivot::Mean);
    carry("large", "mpnet");
    for (const ResidualHeadKind head : {ResidualHeadKind::FrozenRandom, ResidualHeadKind::None}) {
        run.residual.head = head;
        run.residual.verbalizer = "not,looked at";
        EXPECT_EQ(words({"a", "b", "c"}), (std::vector<Ids>{{}, {}}));
    }
}

TEST_F(ResidualWordsTest, TheNamesOfTheClassesAreTheWords) {
    carry_decoder();
    EXPECT_EQ(words({"a", "b", "ab"}), (std::vector<Ids>{{3, 2, 5}}))
        << "a word begins with its blank, unless the blank is a token of its own";
    EXPECT_EQ(words({"d a", "abc", " c "}), (std::vector<Ids>{{6, 5, 4}}))
        << "the first token of each";
}

TEST_F(ResidualWordsTest, TheVerbalizerTakesTheirPlace) {
    carry_decoder();
    run.residual.verbalizer = "c, ab ,d";
    EXPECT_EQ(words({"animal", "plant", "stone"}), (std::vector<Ids>{{4, 5, 6}}));
}

TEST_F(ResidualWordsTest, EachBackboneHasTheTokensOfItsOwnTokenizer) {
    carry_decoder();
    carry("idle", "mpnet", Pivot::Mean);
    plan.backbones[1].devices = 0;
    carry_decoder("other", R"({"c": 0, "b": 1, "a": 2, "Ġ": 3, "Ġa": 4, "Ġab": 5,
                               "<|endoftext|>": 6})");
    EXPECT_EQ(words({"a", "b", "c"}), (std::vector<Ids>{{3, 2, 4}, {}, {4, 1, 0}}))
        << "no device carries the second, which has no language model";
}

TEST_F(ResidualWordsTest, ThereIsAWordForEachClass) {
    carry_decoder();
    run.residual.verbalizer = "a,b";
    EXPECT_EQ(refusal_of({"x", "y", "z"}),
              "residual.verbalizer: 2 words for 3 classes: give one a class, cut at commas");
    run.residual.verbalizer = "a,b,c,";
    EXPECT_TRUE(contains(refusal_of({"x", "y", "z"}), "4 words for 3 classes"));
    run.residual.verbalizer.clear();
    EXPECT_THROW(residual_words(run, plan, FleetTokenizers(run, plan), {}, 1), ConfigError)
        << "regression has no names";
}

TEST_F(ResidualWordsTest, TwoClassesNeverShareAToken) {
    carry_decoder();
    EXPECT_EQ(refusal_of({"b", "ad", "ac"}),
              "residual.verbalizer: 'ad' and 'ac' begin with the same token of backbone 'decoder': "
              "give words that differ from the start");
    EXPECT_EQ(refusal_of({"b", "ad", "ab"}), "accepted");
}

TEST_F(ResidualWordsTest, ABlankIsNoWord) {
    carry_decoder();
    run.residual.verbalizer = "a,,c";
    EXPECT_EQ(refusal_of({"x", "y", "z"}), "residual.verbalizer: '' is no word");
}

TEST_F(ResidualWordsTest, TheHeadReadsTheTokenThatItWasTrainedOn) {
    carry_decoder();
    for (const Pivot pivot : {Pivot::First, Pivot::Mean}) {
        plan.backbones[0].pivot = pivot;
        EXPECT_EQ(refusal_of({"a", "b"}),
                  "residual.head: the head of backbone 'decoder' reads its last token: set "
                  "packet.pivot = last");
    }
    plan.backbones.clear();
    run.residual.head = ResidualHeadKind::Folder;
    carry_classifier();
    for (const Pivot pivot : {Pivot::Last, Pivot::Mean}) {
        plan.backbones[0].pivot = pivot;
        EXPECT_EQ(refusal_of({"a", "b", "c"}),
                  "residual.head: the head of backbone 'classifier' reads its first token: set "
                  "packet.pivot = first");
    }
}

TEST_F(ResidualWordsTest, AFolderWithoutALanguageModelIsRefused) {
    carry("large", "mpnet");
    EXPECT_EQ(refusal_of({"w1", "w2"}),
              "residual.head = lm_verbalizer: this mpnet holds no language model head");
}

TEST_F(ResidualWordsTest, AFoldersClassifierHasTheClassesOfTheTask) {
    run.residual.head = ResidualHeadKind::Folder;
    carry_classifier();
    EXPECT_EQ(words({"a", "b", "c"}), (std::vector<Ids>{{}}));
    EXPECT_EQ(refusal_of({"a", "b", "c", "d"}),
              "residual.head = folder: this roberta's classifier has 3 classes, the task 4");
    carry("small", "bert");
    EXPECT_EQ(refusal_of({"a", "b", "c"}), "residual.head = folder: this bert holds no classifier");
    plan.backbones[1].devices = 0;
    EXPECT_EQ(refusal_of({"a", "b", "c"}), "accepted") << "nobody asks it";
}

}  // namespace
}  // namespace mobi::test
