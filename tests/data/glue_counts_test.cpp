// SPDX-License-Identifier: Apache-2.0
// The published data sets in the published sizes.
#include <algorithm>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "data/task.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

std::ptrdiff_t of_class(const TextSet& samples, std::int32_t label) {
    return std::count(samples.truth.labels.begin(), samples.truth.labels.end(), label);
}

Task load(TaskForm form, const char* folder) {
    DataParameters parameters;
    parameters.task = form;
    parameters.train = (shared_path("data/text") / folder).string();
    return load_task(parameters);
}

TEST(GlueCountsTest, MrpcIsTheCanonicalSplit) {
    MOBI_NEEDS_SHARED("data/text/glue/MRPC");
    const Task task = load(TaskForm::Mrpc, "glue/MRPC");
    EXPECT_EQ(task.train.size(), 3668U);
    EXPECT_EQ(of_class(task.train, 1), 2474);
    EXPECT_EQ(task.test.size(), 408U);
    EXPECT_EQ(of_class(task.test, 1), 279);
    EXPECT_EQ(task.train.pairs.size(), 3668U);
    EXPECT_NE(task.train.texts[0].find("Amrozi"), std::string::npos);

    DataParameters parameters;
    parameters.task = TaskForm::Mrpc;
    parameters.train = shared_path("data/text/glue/MRPC").string();
    parameters.test = shared_path("data/text/glue/MRPC/dev.tsv").string();
    const Task with_dev = load_task(parameters);
    EXPECT_EQ(with_dev.test.texts, task.test.texts) << "in the order of dev.tsv";
    EXPECT_EQ(with_dev.test.pairs, task.test.pairs);
    EXPECT_EQ(with_dev.test.truth.labels, task.test.truth.labels);
}

TEST(GlueCountsTest, Sst2) {
    MOBI_NEEDS_SHARED("data/text/glue/SST-2");
    const Task task = load(TaskForm::Sst2, "glue/SST-2");
    EXPECT_EQ(task.train.size(), 67349U);
    EXPECT_EQ(of_class(task.train, 1), 37569);
    EXPECT_EQ(task.test.size(), 872U);
    EXPECT_EQ(of_class(task.test, 1), 444);
}

TEST(GlueCountsTest, Rte) {
    MOBI_NEEDS_SHARED("data/text/glue/RTE");
    const Task task = load(TaskForm::Rte, "glue/RTE");
    EXPECT_EQ(task.train.size(), 2490U);
    EXPECT_EQ(of_class(task.train, 0), 1249);
    EXPECT_EQ(task.test.size(), 277U);
    EXPECT_EQ(of_class(task.test, 0), 146);
}

TEST(GlueCountsTest, ColaDev) {
    MOBI_NEEDS_SHARED("data/text/glue/CoLA/dev.tsv");
    DataParameters parameters;
    parameters.task = TaskForm::Cola;
    parameters.train = parameters.test = shared_path("data/text/glue/CoLA/dev.tsv").string();
    parameters.train_samples = 800;
    const Task task = load_task(parameters);
    EXPECT_EQ(task.train.size() + task.test.size(), 1043U);
    EXPECT_EQ(of_class(task.train, 1) + of_class(task.test, 1), 721);
}

TEST(GlueCountsTest, AgNewsTestPartCutInTwo) {
    MOBI_NEEDS_SHARED("data/text/ag_news/test.csv");
    DataParameters parameters;
    parameters.task = TaskForm::AgNews;
    parameters.train = parameters.test = shared_path("data/text/ag_news/test.csv").string();
    parameters.train_samples = 6000;
    const Task task = load_task(parameters);
    EXPECT_EQ(task.train.size(), 6000U);
    EXPECT_EQ(task.test.size(), 1600U);
    for (std::int32_t c = 0; c < 4; ++c)
        EXPECT_EQ(of_class(task.train, c) + of_class(task.test, c), 1900);
    for (const TextSet* part : {&task.train, &task.test})
        for (const std::string& text : part->texts) {
            EXPECT_EQ(text.find('\\'), std::string::npos) << text;
            EXPECT_EQ(text.find("#39;"), std::string::npos) << text;
            EXPECT_EQ(text.find("quot;"), std::string::npos) << text;
        }
}

}  // namespace
}  // namespace mobi::test
