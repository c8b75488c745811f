// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "core/check.hpp"
#include "method/brief.hpp"

namespace mobi {

/// The states of a learner that tasks may still ask for: a device that was sent while the server
/// computed a step starts from the state before it.  Versions are asked for in order.
class Versions {
  public:
    /// The state after one more step; the first call's is version 0.
    void add(Bytes state) {
        states_.emplace(next_++, std::make_shared<const Bytes>(std::move(state)));
    }

    /// As a content whose id is the version.  Those before it are forgotten.
    /// \throws Bug  for a version that is not there.
    Content at(std::int64_t version) {
        states_.erase(states_.begin(), states_.lower_bound(version));
        MOBI_CHECK(!states_.empty() && states_.begin()->first == version,
                   "version {} of the weights is not there", version);
        return {version, states_.begin()->second};
    }

    void archive(Archive& archive) { archive(next_, states_); }

  private:
    std::int64_t next_ = 0;
    std::map<std::int64_t, std::shared_ptr<const Bytes>> states_;
};

}  // namespace mobi
