// SPDX-License-Identifier: Apache-2.0
//
// The published file forms of data sets:
//
//   mrpc     msr_paraphrase_train.txt and dev_ids.tsv: the pairs whose ids stand in dev_ids.tsv are
//            the test part (408), the others, in the file's order, the train part (3,668); or
//            train.tsv and dev.tsv.  Columns Quality, #1 ID, #2 ID, #1 String, #2 String.
//   sst2     train.tsv, dev.tsv: sentence, label 0 or 1
//   rte      train.tsv, dev.tsv: index, sentence1, sentence2, label entailment or not_entailment
//   cola     train.tsv, dev.tsv without header: source, label 0 or 1, mark, sentence
//   ag_news  train.csv, test.csv without header: class 1 to 4, title, description
//
// The published test.tsv files of GLUE have no labels: dev is the test part.
#pragma once

#include "data/parameters.hpp"
#include "data/table.hpp"
#include "data/task.hpp"

namespace mobi {

/// How the rows of a table become samples.
struct TableForm {
    std::string text, pair, label;         ///< column names; pair empty = none
    std::vector<std::string> label_texts;  ///< the label cell of class 0, 1, ...
    std::string label_key = "label";       ///< what decides the classes, for messages
    bool regression = false;               ///< the label cell is a number
    bool news = false;                     ///< text and pair are one text, see data/ag_news.hpp
};

/// The samples of all rows.
/// \throws DataError  at the first label that is none of the form's, or not a finite number.
TextSet read_samples(const Table& table, const TableForm& form);

/// Both parts of a published form, whole.  `data.train` is the folder, or the train file;
/// `data.test` is empty (the folder holds it), a folder or a file.  \pre parameters.task !=
/// TaskForm::Table
Task load_published_task(const DataParameters& parameters);

}  // namespace mobi
