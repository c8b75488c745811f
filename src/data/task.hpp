// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/truth.hpp"
#include "data/parameters.hpp"

namespace mobi {

/// Samples; the place of a sample is its id.
struct TextSet {
    std::string file;                ///< from which they were read
    std::vector<std::size_t> lines;  ///< on which each begins
    std::vector<std::string> texts;
    std::vector<std::string> pairs;  ///< second sentences: empty, or as many as texts
    Truth truth;
    /// The place of each among the samples of its file that data.train_samples or data.test_samples
    /// left; empty: they are all of these.
    std::vector<std::int32_t> places{};
    std::size_t size() const noexcept { return texts.size(); }
    /// `"path:line"` of a sample.
    std::string where(std::size_t sample) const;
};

/// A data set to learn from.
struct Task {
    TextSet train, test;
    TextSet validation;                    ///< empty with `data.split = none`
    bool validation_of_test = false;       ///< it was taken from test, else from train
    std::vector<std::string> class_names;  ///< empty for regression
    std::vector<std::string> warnings;     ///< what looks like a mistake, a line each
    bool regression() const noexcept { return class_names.empty(); }
    /// C; 1 for regression.
    int classes() const noexcept { return regression() ? 1 : static_cast<int>(class_names.size()); }
};

/// Loads the train and the test part.
///
/// `data.task = table`: `data.train` and `data.test` are tables (see data/table.hpp), or
/// `data.train` is a folder with `train.tsv` and `test.tsv` (or `.csv`); columns and classes are
/// those of the parameters.  Blanks around a label do not count.  The published forms are described
/// in data/glue_task.hpp.
///
/// Where train and test are the same file, the test part is the `data.test_samples` (0: all) that
/// follow the first `data.train_samples`; else each part is cut to its first samples.  Then
/// `data.split` takes the validation set out of train or test (data/split.hpp).
///
/// \throws DataError    `path:line: ...`; a missing file with the command that fetches it.
/// \throws ConfigError  when the parameters ask for more samples than there are.
Task load_task(const DataParameters& parameters);

}  // namespace mobi
