// SPDX-License-Identifier: Apache-2.0
#include "method/method.hpp"

#include "core/error.hpp"

namespace mobi {

Deliveries Method::settle(const FleetPlan&) const {
    throw Bug("a method that assigns tasks during the run is asked what will arrive");
}

}  // namespace mobi
