// SPDX-License-Identifier: Apache-2.0
#include "method/learner.hpp"

#include "core/error.hpp"

namespace mobi {

Brief Learner::brief(const DeviceTask&) {
    return {};
}

void Learner::archive(Archive& /*archive*/) {
    throw Bug("a learner that keeps no checkpoint");
}

}  // namespace mobi
