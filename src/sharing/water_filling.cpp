// SPDX-License-Identifier: Apache-2.0
#include "sharing/water_filling.hpp"

#include <algorithm>
#include <limits>

namespace mobi {

double fair_level(std::vector<double>& demands, double capacity) {
    std::sort(demands.begin(), demands.end());
    double left = capacity;
    for (std::size_t i = 0; i < demands.size(); ++i) {
        const double share = left / static_cast<double>(demands.size() - i);
        if (demands[i] > share) return share;
        left -= demands[i];
    }
    return std::numeric_limits<double>::infinity();
}

}  // namespace mobi
