// SPDX-License-Identifier: Apache-2.0
#include "data/glue_task.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/ag_news.hpp"
#include "data/class_names.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

struct PublishedForm {
    std::string train_file, test_file;
    std::vector<std::string> columns;  // of files without header
    TableForm table;
    std::vector<std::string> class_names;
    std::string expected;  // for a missing file
};

PublishedForm published_form(TaskForm task) {
    switch (task) {
        case TaskForm::Mrpc:
            return {"train.tsv",
                    "dev.tsv",
                    {},
                    {"#1 String", "#2 String", "Quality", {"0", "1"}},
                    {"not_equivalent", "equivalent"},
                    "MRPC is published as msr_paraphrase_train.txt and dev_ids.tsv, or as GLUE's "
                    "train.tsv and dev.tsv"};
        case TaskForm::Sst2:
            return {"train.tsv",
                    "dev.tsv",
                    {},
                    {"sentence", "", "label", {"0", "1"}},
                    {"negative", "positive"},
                    "SST-2 is published as GLUE's train.tsv and dev.tsv"};
        case TaskForm::Rte:
            return {"train.tsv",
                    "dev.tsv",
                    {},
                    {"sentence1", "sentence2", "label", {"entailment", "not_entailment"}},
                    {"entailment", "not_entailment"},
                    "RTE is published as GLUE's train.tsv and dev.tsv"};
        case TaskForm::Cola:
            return {"train.tsv",
                    "dev.tsv",
                    {"source", "label", "mark", "sentence"},
                    {"sentence", "", "label", {"0", "1"}},
                    {"unacceptable", "acceptable"},
                    "CoLA is published as GLUE's train.tsv and dev.tsv"};
        case TaskForm::AgNews: {
            PublishedForm form{"train.csv",
                               "test.csv",
                               {"class", "title", "description"},
                               {"title", "description", "class", {"1", "2", "3", "4"}},
                               {"World", "Sports", "Business", "Sci/Tech"},
                               "AG News is published as train.csv and test.csv"};
            form.table.news = true;
            return form;
        }
        case TaskForm::Table:
            break;
    }
    MOBI_CHECK(false, "a table has no published form");
}

float number(const Table& table, std::size_t row, std::string_view cell) {
    const std::string_view digits = trim(cell);
    float value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value))
        throw DataError(fmt::format("{}: \"{}\" is not a number (data.classes = 1 is regression)",
                                    table.where(row), printable_utf8(cell, 60)));
    return value;
}

std::string class_list(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 40;
    if (names.size() <= shown) return fmt::format("{}", fmt::join(names, ", "));
    return fmt::format("{}, ... ({} in all)", fmt::join(names.begin(), names.begin() + shown, ", "),
                       names.size());
}

[[noreturn]] void refuse_label(const std::string& where,
                               std::string_view label,
                               const TableForm& form) {
    const auto meant = std::find_if(
        form.label_texts.begin(), form.label_texts.end(),
        [key = name_key(label)](const std::string& name) { return name_key(name) == key; });
    throw DataError(fmt::format(
        "{}: the label \"{}\" is none of the classes: {} ({}){}", where, printable_utf8(label, 60),
        class_list(form.label_texts), form.label_key,
        meant == form.label_texts.end()
            ? ""
            : fmt::format("; it differs from \"{}\" only in how it is written", *meant)));
}

// The rows of `all` whose pair of ids is in `chosen`, or the others.
std::pair<TextSet, TextSet> split_mrpc(const fs::path& folder, const PublishedForm& form) {
    const Table all = read_table(folder / "msr_paraphrase_train.txt", {}, form.expected);
    const Table ids = read_table(folder / "dev_ids.tsv", {"#1 ID", "#2 ID"}, form.expected);
    std::set<std::pair<std::string_view, std::string_view>> dev;
    for (std::size_t row = 0; row < ids.rows(); ++row) dev.emplace(ids.at(row, 0), ids.at(row, 1));
    const TextSet samples = read_samples(all, form.table);
    const std::size_t first = all.column("#1 ID");
    const std::size_t second = all.column("#2 ID");
    TextSet train;
    TextSet test;
    train.file = test.file = samples.file;
    std::set<std::pair<std::string_view, std::string_view>> found;
    for (std::size_t row = 0; row < all.rows(); ++row) {
        const std::pair pair{all.at(row, first), all.at(row, second)};
        const bool is_dev = dev.contains(pair);
        if (is_dev) found.insert(pair);
        TextSet& part = is_dev ? test : train;
        part.lines.push_back(samples.lines[row]);
        part.texts.push_back(samples.texts[row]);
        part.pairs.push_back(samples.pairs[row]);
        part.truth.labels.push_back(samples.truth.labels[row]);
    }
    for (std::size_t row = 0; row < ids.rows(); ++row)
        if (!found.contains({ids.at(row, 0), ids.at(row, 1)}))
            throw DataError(fmt::format("{}: the pair {} {} is not in {}", ids.where(row),
                                        ids.at(row, 0), ids.at(row, 1), all.name()));
    return {std::move(train), std::move(test)};
}

TextSet read_part(const fs::path& path, const PublishedForm& form) {
    return read_samples(read_table(path, form.columns, form.expected), form.table);
}

}  // namespace

TextSet read_samples(const Table& table, const TableForm& form) {
    const std::size_t text = table.column(form.text);
    const bool paired = !form.pair.empty();
    const std::size_t pair = paired ? table.column(form.pair) : text;
    const std::size_t label = table.column(form.label);
    std::unordered_map<std::string_view, std::int32_t> classes;
    for (const std::string& name : form.label_texts)
        classes.emplace(name, static_cast<std::int32_t>(classes.size()));
    TextSet samples;
    samples.file = table.name();
    for (std::size_t row = 0; row < table.rows(); ++row) {
        std::int32_t sample_class = 0;
        if (form.regression) {
            samples.truth.targets.push_back(number(table, row, table.at(row, label)));
        } else {
            const std::string_view cell = label_at(table, row, label);
            const auto found = classes.find(cell);
            if (found == classes.end()) refuse_label(table.where(row), cell, form);
            sample_class = found->second;
        }
        samples.lines.push_back(table.line(row));
        samples.truth.labels.push_back(sample_class);
        if (form.news) {
            samples.texts.push_back(decode_ag_news(table.at(row, text)) + " " +
                                    decode_ag_news(table.at(row, pair)));
            continue;
        }
        samples.texts.emplace_back(table.at(row, text));
        if (paired) samples.pairs.emplace_back(table.at(row, pair));
    }
    return samples;
}

Task load_published_task(const DataParameters& parameters) {
    PublishedForm form = published_form(parameters.task);
    form.table.label_key = "the data set's own";
    const fs::path train = parameters.train;
    const fs::path test = parameters.test;
    std::error_code error;
    const bool folder = fs::is_directory(train, error);
    Task task;
    task.class_names = form.class_names;
    const bool canonical = parameters.task == TaskForm::Mrpc && folder &&
                           fs::exists(train / "msr_paraphrase_train.txt", error);
    if (canonical)
        std::tie(task.train, task.test) = split_mrpc(train, form);
    else
        task.train = read_part(folder ? train / form.train_file : train, form);
    if (!test.empty())
        task.test = read_part(fs::is_directory(test, error) ? test / form.test_file : test, form);
    else if (!canonical && folder)
        task.test = read_part(train / form.test_file, form);
    else if (!canonical)
        throw ConfigError(
            fmt::format("data.test is empty and data.train = {} is a file; name the test file, or "
                        "give data.train "
                        "the folder that holds both",
                        parameters.train));
    return task;
}

}  // namespace mobi
