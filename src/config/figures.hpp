// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/run_config.hpp"

namespace mobi {

/// One figure that times or energies follow from, of a run or of an entry that its fleet uses.
struct FigureRef {
    std::string section;  ///< `device`, `link`, `availability` or `server`
    std::string entry;    ///< name of the entry; empty: of the run
    std::string key;      ///< `rate_fp16`
    Cheaper cheaper = Cheaper::WithLess;
    double value = 0;  ///< in SI
    std::string text;  ///< with its unit
    bool banded = false;

    /// `device.jetson_tx2.rate_fp16`, `server.rate`
    std::string name() const;
    /// The key of all entries: `device.*.rate_fp16`.
    std::string family() const;
};

/// Every figure of a configuration that is known and is not zero.
std::vector<FigureRef> figures_of(const RunConfig& config);

/// Puts the wanted end of every band in the place of its figure; the bands stay.  Figures that are
/// read from files (device/fleet.hpp) have to be read again.
void use_figures(RunConfig& config, Figures figures);

/// Multiplies one figure.  \pre it is one of figures_of(config)
void multiply(RunConfig& config, const FigureRef& figure, double factor);

}  // namespace mobi
