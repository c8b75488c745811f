// SPDX-License-Identifier: Apache-2.0
#include "data/glue_task.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "data/ag_news.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

using Texts = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;

constexpr const char* kMrpcHeader = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";

class GlueTaskTest : public ::testing::Test {
  protected:
    DataParameters folder_of(TaskForm form) {
        DataParameters parameters;
        parameters.task = form;
        parameters.train = folder_.path().string();
        return parameters;
    }

    std::string complaint(const DataParameters& parameters) {
        std::string message = "no error";
        try {
            load_task(parameters);
        } catch (const Error& error) {
            message = error.what();
        }
        const std::string prefix = folder_.path().string() + "/";
        for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix))
            message.erase(at, prefix.size());
        return message;
    }

    TempFolder folder_;
};

TEST_F(GlueTaskTest, MrpcIsSplitByTheDevIds) {
    folder_.write("msr_paraphrase_train.txt",
                  std::string("\xEF\xBB\xBF") + kMrpcHeader +
                      "1\t10\t11\t\"A\" one\tb\r\n0\t20\t21\tc\td\r\n1\t30\t31\te\tf\r\n");
    folder_.write("dev_ids.tsv", "20\t21\r\n");
    folder_.write("train.tsv", "not looked at");
    const Task task = load_task(folder_of(TaskForm::Mrpc));
    EXPECT_EQ(task.class_names, (Texts{"not_equivalent", "equivalent"}));
    EXPECT_EQ(task.train.texts, (Texts{"\"A\" one", "e"}));
    EXPECT_EQ(task.train.pairs, (Texts{"b", "f"}));
    EXPECT_EQ(task.train.truth.labels, (Labels{1, 1}));
    EXPECT_EQ(task.test.texts, (Texts{"c"}));
    EXPECT_EQ(task.test.truth.labels, (Labels{0}));
}

TEST_F(GlueTaskTest, MrpcNeedsEveryDevPair) {
    folder_.write("msr_paraphrase_train.txt", std::string(kMrpcHeader) + "1\t10\t11\ta\tb\n");
    folder_.write("dev_ids.tsv", "10\t11\n11\t10\n");
    EXPECT_EQ(complaint(folder_of(TaskForm::Mrpc)),
              "dev_ids.tsv:2: the pair 11 10 is not in msr_paraphrase_train.txt");
    std::filesystem::remove(folder_.path() / "dev_ids.tsv");
    EXPECT_EQ(complaint(folder_of(TaskForm::Mrpc)),
              "dev_ids.tsv: no such file; MRPC is published as msr_paraphrase_train.txt and "
              "dev_ids.tsv, or as GLUE's train.tsv and dev.tsv");
}

TEST_F(GlueTaskTest, MrpcMayAlsoComeAsTrainAndDev) {
    folder_.write("train.tsv", std::string(kMrpcHeader) + "1\t1\t2\ta\tb\n0\t3\t4\tc\td\n");
    folder_.write("dev.tsv", std::string(kMrpcHeader) + "1\t5\t6\te\tf\n");
    const Task task = load_task(folder_of(TaskForm::Mrpc));
    EXPECT_EQ(task.train.texts, (Texts{"a", "c"}));
    EXPECT_EQ(task.test.pairs, (Texts{"f"}));
}

TEST_F(GlueTaskTest, ATestFileWithoutLabelsIsRefused) {
    folder_.write("train.tsv", "sentence\tlabel\na \t1\nb\t0\n");
    DataParameters parameters = folder_of(TaskForm::Sst2);
    parameters.test = folder_.write("test.tsv", "index\tsentence\n0\tx\n");
    EXPECT_EQ(complaint(parameters),
              "test.tsv: has no column \"label\"; its columns are index, sentence");
    parameters.test.clear();
    EXPECT_EQ(complaint(parameters),
              "dev.tsv: no such file; SST-2 is published as GLUE's train.tsv and dev.tsv");
    parameters.train = (folder_.path() / "train.tsv").string();
    EXPECT_EQ(
        complaint(parameters),
        "data.test is empty and data.train = train.tsv is a file; name the test file, or give "
        "data.train the folder that holds both");
}

TEST_F(GlueTaskTest, AMissingFolderSaysWhatIsExpectedThere) {
    DataParameters parameters = folder_of(TaskForm::AgNews);
    parameters.train = "data/cache/ag_news/train.csv";
    EXPECT_EQ(complaint(parameters),
              "data/cache/ag_news/train.csv: no such file; AG News is published as train.csv and "
              "test.csv");
}

TEST_F(GlueTaskTest, ALabelOutsideTheSetIsNamed) {
    folder_.write("train.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentails\n");
    EXPECT_EQ(complaint(folder_of(TaskForm::Rte)),
              "train.tsv:2: the label \"entails\" is none of the classes: entailment, "
              "not_entailment (the data set's own)");
}

TEST_F(GlueTaskTest, ColaHasNoHeader) {
    folder_.write("train.tsv", "gj04\t1\t\tFine.\ngj04\t0\t*\tBad one\n");
    folder_.write("dev.tsv", "cj99\t0\t?*\tOdd");
    const Task task = load_task(folder_of(TaskForm::Cola));
    EXPECT_EQ(task.train.texts, (Texts{"Fine.", "Bad one"}));
    EXPECT_EQ(task.train.truth.labels, (Labels{1, 0}));
    EXPECT_EQ(task.test.texts, (Texts{"Odd"}));
}

TEST_F(GlueTaskTest, AgNewsJoinsTitleAndDescription) {
    folder_.write("train.csv", "\"3\",\"Oil isn #39;t up\",\"A\\B &lt;b&gt; \"\"x\"\"\"\n");
    folder_.write("test.csv", "\"1\",\"T\",\"D\"\r\n");
    const Task task = load_task(folder_of(TaskForm::AgNews));
    EXPECT_EQ(task.class_names, (Texts{"World", "Sports", "Business", "Sci/Tech"}));
    EXPECT_EQ(task.train.texts, (Texts{"Oil isn't up A B <b> \"x\""}));
    EXPECT_EQ(task.train.truth.labels, (Labels{2}));
    EXPECT_TRUE(task.train.pairs.empty());
    EXPECT_EQ(task.test.texts, (Texts{"T D"}));
    EXPECT_EQ(task.test.truth.labels, (Labels{0}));
}

TEST(AgNewsTest, DecodesReferencesWithAndWithoutTheirAmpersand) {
    const std::vector<std::pair<std::string, std::string>> all{
        {"isn #39;t", "isn't"},
        {"makers #39; efforts", "makers' efforts"},
        {"the  #36;10 million", "the $10 million"},
        {"said the  quot;best quot; of", "said the \"best\" of"},
        {"Merck  amp; Co", "Merck & Co"},
        {"&lt;A HREF=\"x\"&gt;", "<A HREF=\"x\">"},
        {"#39;start", "'start"},
        {"\\#39;after a break", " 'after a break"},
        {"year #151;the", "year\u2014the"},
        {"store:  #147; #145;How #146;s", "store: \u201C\u2018How\u2019s"},
        {"a #8212; b", "a\u2014 b"},
        {"second\\team", "second team"},
        {"AT&amp;T &amp;lt;", "AT&T &lt;"},
        {"&#x27; &unknown; lt; xlt; a#39;", "&#x27; &unknown;< xlt; a#39;"},
        {" #129; #0; #55296; #1114112; #99999999999;",
         " #129; #0; #55296; #1114112; #99999999999;"},
        {"#;&;; ;", "#;&;; ;"},
        {"", ""},
        {"&", "&"},
        {" #39", " #39"},
        {"dot.  #128512;", "dot. \U0001F600"},
    };
    for (const auto& [raw, clean] : all) EXPECT_EQ(decode_ag_news(raw), clean) << raw;
}

}  // namespace
}  // namespace mobi::test
