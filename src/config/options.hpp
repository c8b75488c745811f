// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/run_config.hpp"

namespace mobi {

/// One key of the configuration and the field of an Owner that it sets.
template <typename Owner>
struct Key {
    std::string name;  ///< `server.batch`; of a named entry without its section, `memory`
    std::string accepted;
    std::string description;
    std::string source;                                  ///< where the default comes from
    bool host_only = false;                              ///< not part of the resolved configuration
    std::function<bool(Owner&, std::string_view)> read;  ///< false: not accepted, Owner unchanged
    std::function<std::string(const Owner&)> write;
    /// Of a figure that a run's time or energy follows from: where it is; null: the key has none.
    std::function<double&(Owner&)> figure;
    Cheaper cheaper = Cheaper::WithLess;             ///< of a figure
    std::function<FigureBands&(Owner&)> bands;       ///< null: this one has no band
    std::function<std::string(double)> figure_text;  ///< the figure with its unit
};

/// Kinds of sections with a name, `[device.<name>]` and so on.
enum class EntryKind { Device, Link, Backbone, Availability };

std::string_view section_of(EntryKind kind);    ///< `device`
std::string_view catalogue_of(EntryKind kind);  ///< folder below `configs`: `devices`

/// The keys of the run, section by section.  One line a key in options.cpp, nowhere else.
const std::vector<Key<RunConfig>>& run_keys();
const std::vector<Key<DeviceProfile>>& device_keys();
const std::vector<Key<LinkProfile>>& link_keys();
const std::vector<Key<BackboneParameters>>& backbone_keys();
const std::vector<Key<AvailabilityProfile>>& availability_keys();

/// Names of the keys that an entry of this kind has.
std::vector<std::string> entry_key_names(EntryKind kind);

}  // namespace mobi
