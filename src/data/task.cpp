// SPDX-License-Identifier: Apache-2.0
#include "data/task.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "data/glue_task.hpp"
#include "data/table.hpp"
#include "data/utf8.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTableExpected =
    "data.train and data.test name tables: TSV, or CSV where the name ends in .csv";

std::vector<std::string> read_class_names(const std::string& path) {
    const std::string content =
        read_text_file(path,
                       "data.classes is a file with one class name a line, the number 1 for "
                       "regression, or empty for the names found in train");
    std::vector<std::string> names;
    std::set<std::string> seen;
    std::size_t number = 0;
    for (const std::string_view line : split(checked_utf8(path, content), '\n')) {
        ++number;
        const std::string name{trim(line)};
        if (name.empty()) continue;
        if (!seen.insert(name).second)
            throw DataError(
                fmt::format("{}:{}: the class \"{}\" is named twice", path, number, name));
        names.push_back(name);
    }
    if (names.size() < 2)
        throw DataError(fmt::format("{}: {} class name{}; two or more are needed, one a line", path,
                                    names.size(), names.size() == 1 ? "" : "s"));
    return names;
}

std::vector<std::string> found_class_names(const Table& table, const std::string& column) {
    const std::size_t label = table.column(column);
    std::set<std::string_view> found;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        if (table.at(row, label).empty())
            throw DataError(
                fmt::format("{}: the label (column \"{}\") is empty", table.where(row), column));
        found.insert(table.at(row, label));
    }
    if (table.rows() > 0 && found.size() < 2)
        throw DataError(
            fmt::format("{}: every row has the label \"{}\"; two classes or more are needed (for "
                        "regression set data.classes = 1)",
                        table.name(), *found.begin()));
    return {found.begin(), found.end()};
}

fs::path table_in(const fs::path& folder, const std::string& stem) {
    std::error_code error;
    const fs::path csv = folder / (stem + ".csv");
    return fs::exists(csv, error) && !fs::exists(folder / (stem + ".tsv"), error)
               ? csv
               : folder / (stem + ".tsv");
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
    const Table train = read_table(folder ? table_in(given, "train") : given, {}, kTableExpected);
    const Table test =
        read_table(fs::is_directory(test_path, error) ? table_in(test_path, "test") : test_path, {},
                   kTableExpected);
    TableForm form{parameters.text, parameters.pair, parameters.label, {}};
    if (parameters.classes == "1") {
        form.regression = true;
    } else if (parameters.classes.empty()) {
        form.label_texts = found_class_names(train, parameters.label);
        form.label_key = "found in " + train.name() + "; data.classes is empty";
    } else {
        form.label_texts = read_class_names(parameters.classes);
        form.label_key = "data.classes = " + parameters.classes;
    }
    return {read_samples(train, form), read_samples(test, form), form.label_texts};
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
    cut(samples.texts);
    cut(samples.pairs);
    cut(samples.labels);
    cut(samples.targets);
}

bool same_file(const DataParameters& parameters) {
    std::error_code error;
    return !parameters.test.empty() && !fs::is_directory(parameters.train, error) &&
           fs::equivalent(parameters.train, parameters.test, error);
}

}  // namespace

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
    return task;
}

}  // namespace mobi
