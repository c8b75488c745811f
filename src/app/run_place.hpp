// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include "config/arguments.hpp"
#include "config/run_config.hpp"
#include "record/checkpoint_file.hpp"
#include "record/run_reader.hpp"

namespace mobi {

/// Judges `run.output` before anything is done for the run; touches nothing.
///
/// \param files  the configuration files of the command line.
/// \throws ConfigError  when it is an input of the run, under whatever name, or as
///                      record::check_output().
/// \throws RecordError  as record::check_output().
void check_run_output(const RunConfig& config, std::span<const std::string> files);

/// What a signal leaves.
inline constexpr std::string_view kLeftBehind =
    "the run file is closed with status aborted; --resume goes on with it";

/// A run that another one goes on with.
struct UnfinishedRun {
    record::RunReader reader;
    record::StoredCheckpoint checkpoint;
};

/// What is done about a run that is at `run.output` already.
enum class ExistingRun { Refuse, Resume, Overwrite };

/// A line on the run that is at `run.output` already and on what there is to do about it; empty
/// where nothing is.
std::string existing_run_text(const RunConfig& config);

/// As --resume and --overwrite say.
/// \throws ConfigError  when both are given.
ExistingRun existing_run(const Arguments& arguments);

/// The run is finished and was asked to go on.
class NothingToDo : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The run at `run.output` that is to be gone on with.  \pre  its Output is held: nobody else
/// writes it.
/// \return  nothing where there is none, none with a checkpoint, or it is overwritten: a run
/// begins. \throws ConfigError  when there is one and it is to be refused, or it had other
/// settings. \throws DataError    when the file or its checkpoint cannot be read. \throws
/// NothingToDo
std::optional<UnfinishedRun> find_unfinished(const RunConfig& config, ExistingRun existing);

}  // namespace mobi
