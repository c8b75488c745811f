// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/backbone.hpp"
#include "model/config_file.hpp"
#include "model/prepared_weights.hpp"

namespace mobi {

/// A model as its `config.json` describes it: what weights it needs and how to build it from them.
class Architecture {
  public:
    virtual ~Architecture() = default;
    Architecture() = default;
    Architecture(const Architecture&) = delete;
    Architecture& operator=(const Architecture&) = delete;

    virtual BackboneInfo info() const = 0;
    virtual PreparationPlan plan() const = 0;
    /// \param weights  prepared by plan().
    /// \param info     info(), with what the folder says beside `config.json`.
    virtual std::unique_ptr<Backbone> build(BackboneInfo info, PreparedWeights weights) const = 0;
};

/// One line of the registry.
struct Family {
    std::string_view model_type;  ///< of `config.json`
    std::string_view prefix;      ///< of tensor names in folders saved with a head, e.g. `"bert."`
    /// \param layers  keep the first n blocks; 0 = all.  \throws DataError
    std::unique_ptr<Architecture> (*read)(const ConfigFile& config, std::int32_t layers);
};

/// Every family that is supported.
std::span<const Family> families();

/// \throws DataError  when `model_type` of the file is not supported; lists those that are.
const Family& family_of(const ConfigFile& config);

}  // namespace mobi
