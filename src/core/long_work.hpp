// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace mobi {

/// Work that may take long: it ends at a signal, and tells every ten seconds how far it is.
class LongWork {
  public:
    /// \param what  is counted, e.g. `"planning: devices"`, which gives "planning: devices 5 of 9".
    explicit LongWork(std::string what);

    /// Call often; costs some nanoseconds.
    /// \param planned  0: not known.
    /// \throws Interrupted  when a signal came.
    void step(std::int64_t done, std::int64_t planned);

  private:
    std::string what_;
    std::int64_t next_s_;  // when the next line is due
};

}  // namespace mobi
