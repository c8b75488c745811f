// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace mobi {

/// The level of a max-min fair division: each demand gets the smaller of itself and the level, and
/// together they take what there is (Bertsekas and Gallager, Data Networks, 6.5.2).
///
/// \param demands  the most that each can take, > 0; the vector is sorted.
/// \return  infinity when the capacity is enough for all.
double fair_level(std::vector<double>& demands, double capacity);

}  // namespace mobi
