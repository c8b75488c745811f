// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace mobi {

/// Counts the tensor operators of this thread that would launch a kernel on a GPU, or fetch a
/// number from it: the outermost ATen operators that have a kernel of their own, without views and
/// allocations.  A few need two launches on a GPU (a reduction in two passes), which is not seen.
///
/// A backward pass on the processor runs in the thread that asks for it, and counts.  Operators are
/// slower while there is a counter.
class LaunchCounter {
  public:
    /// Counts from now on.  \throws Bug  when the thread has a counter already.
    LaunchCounter();
    ~LaunchCounter();
    LaunchCounter(const LaunchCounter&) = delete;
    LaunchCounter& operator=(const LaunchCounter&) = delete;

    std::int64_t launches() const;

    /// The same by operator, e.g. `aten::mul_`.
    const std::map<std::string, std::int64_t>& by_operator() const;

  private:
    std::uint64_t callback_;
};

}  // namespace mobi
