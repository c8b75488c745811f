// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace mobi {

/// `data.task`: the published file form of a data set, or a table with named columns.
enum class TaskForm { Table, Mrpc, Sst2, Rte, Cola, AgNews };
enum class PartitionKind { Dirichlet, Uniform, OneClass };
/// Whether `data.alpha` is the sum of the Dirichlet concentrations or that of each class.
enum class Concentration { Total, PerClass };
/// `data.remainder`: who gets what is left when the samples do not divide by the devices.
enum class Remainder {
    Spread,  ///< one more for some, evenly over the fleet: sizes differ by one at most
    Last,    ///< all of it for the last device, as FedPETuning does
};

/// `data.device_order`, of `one_class`: in which order devices get their classes.
enum class DeviceOrder { Drawn, Given };

/// What stands between the fields of a table; Auto: a comma where the file's name ends in `.csv`,
/// else a tab.
enum class TableSeparator { Auto, Tab, Comma, Semicolon };
/// Whether a field may stand in quotation marks; Auto: not between tabs.
enum class TableQuoting { Auto, None, Csv };

/// `data.split`: where the validation set comes from (docs/method.md 5.1).
enum class SplitRule {
    None,         ///< there is none
    FedPetuning,  ///< that paper's share of train
    Lst,          ///< Ladder Side-Tuning's: half of a small task's test set, else 1,000 of train
    Share,        ///< DataSplit::share of train
};
struct DataSplit {
    SplitRule rule = SplitRule::None;
    double share = 0;  ///< above 0, below 1
};

/// Section `[data]`.
struct DataParameters {
    TaskForm task = TaskForm::Table;
    std::string train;            ///< a file, or the folder of a published data set
    std::string test;             ///< likewise; empty where `train` is a folder that holds it; the
                                  ///< same file as `train`: what follows the train samples
    std::string text = "text";    ///< column
    std::string pair;             ///< column of a second sentence; empty = none
    std::string label = "label";  ///< column
    TableSeparator separator =
        TableSeparator::Auto;                   ///< of a table; published tasks have their own
    TableQuoting quoting = TableQuoting::Auto;  ///< likewise
    std::string classes;    ///< file with one class name a line; empty = the names found in
                            ///< train, sorted; the number 1 = regression
    int train_samples = 0;  ///< use the first n only; 0 = all
    int test_samples = 0;
    DataSplit split;
    std::uint64_t split_seed = 42;
    int max_tokens = 128;  ///< special tokens included
    PartitionKind partition = PartitionKind::Dirichlet;
    double alpha = 1;
    Concentration concentration = Concentration::Total;
    Remainder remainder = Remainder::Spread;
    DeviceOrder device_order = DeviceOrder::Drawn;
};

}  // namespace mobi
