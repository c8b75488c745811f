// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "config/run_config.hpp"

namespace mobi {

/// Judges `run.output` before anything is done for the run; touches nothing.
///
/// \param files  the configuration files of the command line.
/// \throws ConfigError  when it is an input of the run, under whatever name, or as
///                      record::check_output().
/// \throws RecordError  as record::check_output().
void check_run_output(const RunConfig& config, std::span<const std::string> files);

}  // namespace mobi
