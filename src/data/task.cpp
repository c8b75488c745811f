// SPDX-License-Identifier: Apache-2.0
#include "data/task.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text_file.hpp"
#include "data/class_names.hpp"
#include "data/glue_task.hpp"
#include "data/split.hpp"
#include "data/table.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTableExpected =
    "data.train and data.test name tables: TSV, or CSV where the name ends in .csv";

/// Whether a cell that was read without quoting is a field as CSV quotes it: in quotation marks,
/// and those within doubled, of which there are some.
bool is_quoted_csv(std::string_view cell) {
    if (cell.size() < 4 || cell.front() != '"' || cell.back() != '"') return false;
    cell = cell.substr(1, cell.size() - 2);
    std::size_t marks = 0;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        if (cell[i] != '"') continue;
        if (i + 1 == cell.size() || cell[++i] != '"') return false;
        ++marks;
    }
    return marks > 0;
}

/// Of a part: texts that are what programs write for a missing value, and texts that another
/// dialect would have read differently.
void warn_of_texts(const Table& table, const std::string& column, std::vector<std::string>& out) {
    const std::size_t place = table.column(column);
    std::vector<std::size_t> missing;
    std::vector<std::size_t> quoted;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        const std::string_view text = table.at(row, place);
        if (is_missing_value(text)) missing.push_back(row);
        if (!table.dialect().quoting && is_quoted_csv(text)) quoted.push_back(row);
    }
    if (!missing.empty())
        out.push_back(fmt::format(
            "{}: the text \"{}\" looks like a value that is missing; {} such texts are read as "
            "words",
            table.where(missing.front()), table.at(missing.front(), place), missing.size()));
    if (!quoted.empty())
        out.push_back(fmt::format(
            "{}: the text stands in quotation marks and has some doubled, as pandas writes fields; "
            "{} such texts keep them, since a quotation mark between tabs is a letter "
            "(data.quoting = csv takes them away)",
            table.where(quoted.front()), quoted.size()));
}

/// The table `stem` in a folder, in the form that is there.
fs::path table_in(const fs::path& folder, const std::string& stem) {
    std::error_code error;
    const fs::path tsv = folder / (stem + ".tsv");
    if (fs::exists(tsv, error)) return tsv;
    for (const char* end : {".csv", ".CSV", ".TSV"})
        if (fs::exists(folder / (stem + end), error)) return folder / (stem + end);
    return tsv;
}

Table read_part(const DataParameters& parameters, const fs::path& path) {
    return Table::parse(path.string(), read_text_file(path, kTableExpected),
                        table_dialect(path, parameters.separator, parameters.quoting));
}

Task load_tables(const DataParameters& parameters) {
    std::error_code error;
    const fs::path given = parameters.train;
    const bool folder = fs::is_directory(given, error);
    if (!folder && parameters.test.empty())
        throw ConfigError(fmt::format("data.test is empty; name the test table (data.train = {})",
                                      parameters.train));
    const fs::path test_path =
        parameters.test.empty() ? table_in(given, "test") : fs::path(parameters.test);
    const Table train = read_part(parameters, folder ? table_in(given, "train") : given);
    const Table test = read_part(
        parameters, fs::is_directory(test_path, error) ? table_in(test_path, "test") : test_path);
    TableForm form{parameters.text, parameters.pair, parameters.label, {}};
    ClassNames classes;
    if (parameters.classes == "1") {
        form.regression = true;
    } else if (parameters.classes.empty()) {
        classes = found_class_names(train, parameters.label);
        form.label_key = "found in " + train.name() + "; data.classes is empty";
    } else {
        classes = read_class_names(parameters.classes);
        form.label_key = "data.classes = " + parameters.classes;
    }
    form.label_texts = classes.names;
    Task task;
    task.train = read_samples(train, form);
    task.test = read_samples(test, form);
    task.class_names = std::move(classes.names);
    task.warnings = std::move(classes.warnings);
    for (const Table* table : {&train, &test})
        for (const std::string& column : {parameters.text, parameters.pair})
            if (!column.empty()) warn_of_texts(*table, column, task.warnings);
    return task;
}

/// Keeps `count` samples from `first` on; count 0 = all that follow.
void keep(TextSet& samples, std::size_t first, int count, std::string_view key) {
    const std::size_t size = samples.size();
    const auto wanted = static_cast<std::size_t>(std::max(count, 0));
    if (count < 0)
        throw ConfigError(fmt::format("{} = {}; a number of samples, 0 = all", key, count));
    if (first + wanted > size)
        throw ConfigError(fmt::format(
            "{} = {}, but there are {} samples{}", key, count, size,
            first > 0 ? fmt::format(", {} of them for training", first) : std::string()));
    const std::size_t last = count == 0 ? size : first + wanted;
    const auto cut = [&](auto& values) {
        if (values.empty()) return;
        const auto at = [&](std::size_t place) {
            return values.begin() + static_cast<std::ptrdiff_t>(place);
        };
        values.erase(at(last), values.end());
        values.erase(values.begin(), at(first));
    };
    cut(samples.lines);
    cut(samples.texts);
    cut(samples.pairs);
    cut(samples.truth.labels);
    cut(samples.truth.targets);
}

bool same_file(const DataParameters& parameters) {
    std::error_code error;
    return !parameters.test.empty() && !fs::is_directory(parameters.train, error) &&
           fs::equivalent(parameters.train, parameters.test, error);
}

}  // namespace

std::string TextSet::where(std::size_t sample) const {
    return fmt::format("{}:{}", file, lines.at(sample));
}

Task load_task(const DataParameters& parameters) {
    if (parameters.train.empty()) throw ConfigError("data.train is empty; name the training data");
    Task task = parameters.task == TaskForm::Table ? load_tables(parameters)
                                                   : load_published_task(parameters);
    std::size_t test_first = 0;
    if (same_file(parameters)) {
        if (parameters.train_samples <= 0)
            throw ConfigError(fmt::format(
                "data.train and data.test are the same file, {}; data.train_samples must "
                "say how many of its first samples are for training",
                parameters.train));
        test_first = static_cast<std::size_t>(parameters.train_samples);
    }
    keep(task.train, 0, parameters.train_samples, "data.train_samples");
    keep(task.test, test_first, parameters.test_samples, "data.test_samples");
    if (task.train.size() == 0)
        throw DataError(fmt::format("{}: holds no samples", parameters.train));
    if (task.test.size() == 0)
        throw DataError(fmt::format("{}: holds no samples",
                                    parameters.test.empty() ? parameters.train : parameters.test));
    task.train.truth.classes = task.test.truth.classes = task.classes();
    split_off_validation(parameters, task);
    return task;
}

}  // namespace mobi
