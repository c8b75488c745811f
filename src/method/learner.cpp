// SPDX-License-Identifier: Apache-2.0
#include "method/learner.hpp"

namespace mobi {

Brief Learner::brief(const DeviceTask&) {
    return {};
}

}  // namespace mobi
