// SPDX-License-Identifier: Apache-2.0
#include "data/task.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

using Texts = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;

class TaskTest : public ::testing::Test {
  protected:
    DataParameters tables(std::string_view train, std::string_view test) {
        DataParameters parameters;
        parameters.train = folder_.write("train.tsv", train);
        parameters.test = folder_.write("test.tsv", test);
        return parameters;
    }

    /// The message, with the folder's name cut out.
    template <typename Thrown>
    std::string complaint(const DataParameters& parameters) {
        std::string message = "no error";
        try {
            load_task(parameters);
        } catch (const Thrown& error) {
            message = error.what();
        }
        const std::string prefix = folder_.path().string() + "/";
        for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix))
            message.erase(at, prefix.size());
        return message;
    }

    TempFolder folder_;
};

TEST_F(TaskTest, ClassesAreThoseOfTrainInOrderOfTheirNames) {
    const Task task = load_task(
        tables("text\tlabel\na\tnoun.b\nb\tnoun.a\nc\tnoun.b\n", "label\ttext\nnoun.a\td\n"));
    EXPECT_EQ(task.class_names, (Texts{"noun.a", "noun.b"}));
    EXPECT_EQ(task.classes(), 2);
    EXPECT_FALSE(task.regression());
    EXPECT_EQ(task.train.texts, (Texts{"a", "b", "c"}));
    EXPECT_EQ(task.train.truth.labels, (Labels{1, 0, 1}));
    EXPECT_EQ(task.test.truth.labels, (Labels{0}));
    EXPECT_TRUE(task.train.pairs.empty());
    EXPECT_TRUE(task.train.truth.targets.empty());
}

TEST_F(TaskTest, ColumnsClassesAndPairsAreWhatTheParametersSay) {
    DataParameters parameters = tables("q\ta\ty\nx\tz\tno\nu\tv\tyes\n", "q\ta\ty\nx\tz\tno\n");
    parameters.text = "q";
    parameters.pair = "a";
    parameters.label = "y";
    parameters.classes = folder_.write("classes.txt", "yes\r\nno\r\n\r\n");
    const Task task = load_task(parameters);
    EXPECT_EQ(task.class_names, (Texts{"yes", "no"}));
    EXPECT_EQ(task.train.texts, (Texts{"x", "u"}));
    EXPECT_EQ(task.train.pairs, (Texts{"z", "v"}));
    EXPECT_EQ(task.train.truth.labels, (Labels{1, 0}));
}

TEST_F(TaskTest, AFolderHoldsBothTablesInEitherFormat) {
    folder_.write("train.csv", "text,label\n\"a, b\",x\nc,y\n");
    folder_.write("test.csv", "text,label\nd,y\n");
    DataParameters parameters;
    parameters.train = folder_.path().string();
    Task task = load_task(parameters);
    EXPECT_EQ(task.train.texts, (Texts{"a, b", "c"}));
    EXPECT_EQ(task.test.texts, (Texts{"d"}));
    std::filesystem::rename(folder_.path() / "train.csv", folder_.path() / "train.CSV");
    EXPECT_EQ(load_task(parameters).train.texts, (Texts{"a, b", "c"}));
}

TEST_F(TaskTest, EverySampleKnowsItsLine) {
    DataParameters parameters = tables("text\tlabel\na\tx\nb\ty\nc\tx\n", "text\tlabel\n\td\n");
    parameters.test = parameters.train;
    parameters.train_samples = 2;
    const Task task = load_task(parameters);
    EXPECT_EQ(task.train.where(1), parameters.train + ":3");
    EXPECT_EQ(task.test.where(0), parameters.train + ":4");
}

TEST_F(TaskTest, SeparatorAndQuotingAreWhatTheParametersSay) {
    DataParameters parameters =
        tables("\ttext\tlabel\n0\t\"a\nb\"\tx\n1\t\"say \"\"c\"\"\"\ty\n", "text\tlabel\nd\tx\n");
    EXPECT_EQ(complaint<DataError>(parameters),
              "train.tsv:2: 2 fields where there are 3 columns ((no name), text, label); its "
              "quotation marks are read as letters: data.quoting = csv reads fields in quotation "
              "marks, which may hold line ends");
    parameters.quoting = TableQuoting::Csv;
    EXPECT_EQ(load_task(parameters).train.texts, (Texts{"a\nb", "say \"c\""}));
    parameters = tables("text;label\n1,5;x\n\"a;b\";y\n", "text;label\nd;x\n");
    parameters.separator = TableSeparator::Semicolon;
    EXPECT_EQ(load_task(parameters).train.texts, (Texts{"1,5", "a;b"}));
}

TEST_F(TaskTest, WhatLooksLikeAMistakeIsReported) {
    const Task task =
        load_task(tables("text\tlabel\nnan\tx\n\"say \"\"c\"\"\"\tX\n\"a\" and \"b\"\ty\n",
                         "text\tlabel\nd\tx\nNaN\tx\nNaN\tx\n"));
    ASSERT_EQ(task.warnings.size(), 4U);
    const auto holds = [&](std::size_t i, std::string_view words) {
        return task.warnings[i].find(words) != std::string::npos;
    };
    EXPECT_TRUE(holds(0, "train.tsv: the classes \"X\" (line 3) and \"x\" (line 2) differ only"));
    EXPECT_TRUE(
        holds(1, "train.tsv:2: the text \"nan\" looks like a value that is missing; 1 such"));
    EXPECT_TRUE(holds(2, "train.tsv:3: the text stands in quotation marks")) << task.warnings[2];
    EXPECT_TRUE(holds(2, "1 such texts keep them")) << task.warnings[2];
    EXPECT_TRUE(
        holds(3, "test.tsv:3: the text \"NaN\" looks like a value that is missing; 2 such"));
}

TEST_F(TaskTest, ALabelWrittenDifferentlyNamesTheOneThatIsMeant) {
    EXPECT_EQ(complaint<DataError>(tables("text\tlabel\na\t0\nb\t1\n", "text\tlabel\nc\t1.0\n")),
              "test.tsv:2: the label \"1.0\" is none of the classes: 0, 1 (found in train.tsv; "
              "data.classes is empty); it differs from \"1\" only in how it is written");
}

TEST_F(TaskTest, ClassesOneMeansRegression) {
    DataParameters parameters =
        tables("text\tlabel\na\t0.5\nb\t-3\nc\t1e1\n", "text\tlabel\nd\t 2 \n");
    parameters.classes = "1";
    const Task task = load_task(parameters);
    EXPECT_TRUE(task.regression());
    EXPECT_EQ(task.classes(), 1);
    EXPECT_EQ(task.train.truth.targets, (std::vector<float>{0.5F, -3, 10}));
    EXPECT_EQ(task.test.truth.targets, (std::vector<float>{2}));
    EXPECT_EQ(task.train.truth.labels, (Labels{0, 0, 0}));
}

TEST_F(TaskTest, ATargetThatIsNoNumberIsNamed) {
    for (const std::string cell : {"high", "", "1.0x", "nan", "inf", "1e99"}) {
        DataParameters parameters =
            tables("text\tlabel\na\t1\nb\t" + cell + "\n", "text\tlabel\nd\t2\n");
        parameters.classes = "1";
        EXPECT_EQ(complaint<DataError>(parameters),
                  "train.tsv:3: \"" + cell + "\" is not a number (data.classes = 1 is regression)");
    }
}

TEST_F(TaskTest, ALabelOutsideTheClassesIsNamedWithThem) {
    DataParameters parameters = tables("text\tlabel\na\tx\nb\ty\n", "text\tlabel\nc\tx\nd\tz\n");
    EXPECT_EQ(complaint<DataError>(parameters),
              "test.tsv:3: the label \"z\" is none of the classes: x, y (found in train.tsv; "
              "data.classes is empty)");
    parameters.classes = folder_.write("classes.txt", "x\nz\n");
    EXPECT_EQ(complaint<DataError>(parameters),
              "train.tsv:3: the label \"y\" is none of the classes: x, z (data.classes = "
              "classes.txt)");
}

TEST_F(TaskTest, FewerThanTwoClassesAreAnError) {
    DataParameters parameters = tables("text\tlabel\na\tx\nb\tx\n", "text\tlabel\nc\tx\n");
    EXPECT_EQ(complaint<DataError>(parameters),
              "train.tsv: every row has the label \"x\"; two classes or more are needed (for "
              "regression set data.classes = 1)");
    parameters.classes = folder_.write("classes.txt", "x\n");
    EXPECT_EQ(complaint<DataError>(parameters),
              "classes.txt: 1 class name; two or more are needed, one a line");
    folder_.write("classes.txt", "x\ny\nx\n");
    EXPECT_EQ(complaint<DataError>(parameters), "classes.txt:3: the class \"x\" is named twice");
}

TEST_F(TaskTest, AnEmptyLabelIsAnError) {
    EXPECT_EQ(complaint<DataError>(tables("text\tlabel\na\tx\nb\t\n", "text\tlabel\nc\tx\n")),
              "train.tsv:3: the label (column \"label\") is empty");
}

TEST_F(TaskTest, EmptyTablesAreAnError) {
    EXPECT_EQ(complaint<DataError>(tables("text\tlabel\n", "text\tlabel\n")),
              "train.tsv: holds no samples");
    EXPECT_EQ(complaint<DataError>(tables("text\tlabel\na\tx\nb\ty\n", "text\tlabel\n")),
              "test.tsv: holds no samples");
}

TEST_F(TaskTest, SamplesAreCutToTheFirst) {
    DataParameters parameters =
        tables("text\tlabel\na\tx\nb\ty\nc\tz\n", "text\tlabel\nd\tx\ne\ty\n");
    parameters.train_samples = 2;
    parameters.test_samples = 1;
    const Task task = load_task(parameters);
    EXPECT_EQ(task.train.texts, (Texts{"a", "b"}));
    EXPECT_EQ(task.test.texts, (Texts{"d"}));
    EXPECT_EQ(task.classes(), 3) << "classes are those of the whole file";
    parameters.train_samples = 4;
    EXPECT_EQ(complaint<ConfigError>(parameters),
              "data.train_samples = 4, but there are 3 samples");
    parameters.train_samples = -1;
    EXPECT_EQ(complaint<ConfigError>(parameters),
              "data.train_samples = -1; a number of samples, 0 = all");
}

TEST_F(TaskTest, OneFileForBothPartsIsCutInTwo) {
    DataParameters parameters = tables("text\tlabel\na\tx\nb\ty\nc\tx\nd\ty\n", "");
    parameters.test = parameters.train;
    EXPECT_EQ(complaint<ConfigError>(parameters),
              "data.train and data.test are the same file, train.tsv; data.train_samples must say "
              "how many of its first samples are for training");
    parameters.train_samples = 2;
    EXPECT_EQ(load_task(parameters).test.texts, (Texts{"c", "d"}));
    parameters.test_samples = 1;
    EXPECT_EQ(load_task(parameters).test.texts, (Texts{"c"}));
    parameters.test_samples = 3;
    EXPECT_EQ(complaint<ConfigError>(parameters),
              "data.test_samples = 3, but there are 4 samples, 2 of them for training");
    parameters.test_samples = 0;
    parameters.train_samples = 4;
    EXPECT_EQ(complaint<DataError>(parameters), "train.tsv: holds no samples");
}

TEST_F(TaskTest, WhatIsMissingIsNamed) {
    DataParameters parameters;
    EXPECT_EQ(complaint<ConfigError>(parameters), "data.train is empty; name the training data");
    parameters = tables("text\tlabel\na\tx\nb\ty\n", "text\tlabel\nc\tx\n");
    parameters.test.clear();
    EXPECT_EQ(complaint<ConfigError>(parameters),
              "data.test is empty; name the test table (data.train = train.tsv)");
    parameters.train = "data/cache/wordnet/train.tsv";
    parameters.test = "data/cache/wordnet/test.tsv";
    EXPECT_EQ(complaint<DataError>(parameters),
              "data/cache/wordnet/train.tsv: no such file; data/fetch_wordnet.sh fetches it");
    parameters.train = "/no/train.tsv";
    EXPECT_EQ(
        complaint<DataError>(parameters),
        "/no/train.tsv: no such file; data.train and data.test name tables: TSV, or CSV where "
        "the name ends in .csv");
    parameters = tables("text\tlabel\na\tx\nb\ty\n", "text\tlabel\nc\tx\n");
    parameters.label = "class";
    EXPECT_EQ(complaint<DataError>(parameters),
              "train.tsv: has no column \"class\"; its columns are text, label");
    parameters.label = "label";
    parameters.classes = "26";
    EXPECT_EQ(complaint<DataError>(parameters),
              "26: no such file; data.classes is a file with one class name a line, the number 1 "
              "for regression, or empty for the names found in train");
}

TEST_F(TaskTest, TheValidationSetIsOfTheSamplesThatTheCutLeaves) {
    std::string train = "text\tlabel\n";
    for (int i = 0; i < 40; ++i)
        train += "t" + std::to_string(i) + (i % 2 == 0 ? "\ta\n" : "\tb\n");
    DataParameters parameters = tables(train, "text\tlabel\nx\ta\ny\tb\n");
    parameters.train_samples = 20;
    parameters.split = {SplitRule::Share, 0.25};
    const Task task = load_task(parameters);
    ASSERT_EQ(task.validation.size(), 5U);
    EXPECT_EQ(task.train.size(), 15U);
    EXPECT_EQ(task.test.size(), 2U);
    EXPECT_EQ(task.validation.truth.classes, 2);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_LT(task.validation.places[i], 20);
        EXPECT_EQ(task.validation.texts[i], "t" + std::to_string(task.validation.places[i]));
        EXPECT_EQ(task.validation.where(i),
                  task.train.file + ":" + std::to_string(task.validation.places[i] + 2));
    }
}

}  // namespace
}  // namespace mobi::test
