// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/instant.hpp"

namespace mobi {

/// Amounts are kept in billionths of a byte, bytes/s times nanoseconds: rates and times that are
/// round numbers are then exact, and so is an end half-way between two nanoseconds.
inline constexpr Instant kPerByte = 1e9L;

/// Something that carries the transfers of several devices at once, as fluids: at every instant
/// each has its max-min fair rate, none more than its device's own link allows.
///
/// A device has one transfer at a time; it is named by its place among the link's members.
class SharedLink {
  public:
    virtual ~SharedLink() = default;

    /// A transfer begins.  \pre  `now` is not before an earlier call's; the member has none.
    /// \param own_bytes_per_s  of the device's own link; may be 0 for a while.
    virtual void start(std::int32_t member,
                       double own_bytes_per_s,
                       std::int64_t bytes,
                       Instant now) = 0;

    /// The device's own link has another rate from `now` on.
    virtual void set_own_rate(std::int32_t member, double own_bytes_per_s, Instant now) = 0;

    /// The member's transfer is over, whether or not all was carried.
    /// \return  bytes that were left.
    virtual Instant stop(std::int32_t member, Instant now) = 0;

    /// When the next transfer ends if nothing else changes, and whose; kNever: none does.
    struct End {
        Instant at = kNever;
        std::int32_t member = -1;
    };
    virtual End next_end() = 0;
};

/// A cell or a server's link alone: its members share `bytes_per_s`.
///
/// Cost of a call: proportional to the transfers under way for a link of few members, logarithmic
/// in them for one of many.
std::unique_ptr<SharedLink> make_shared_link(double bytes_per_s, std::int32_t members);

/// The server's link, with cells in front of it: a transfer has the least of its own link's rate,
/// its cell's fair level and the server's.
///
/// \param server_bytes_per_s  of all together.
/// \param cell_of             of each member, index into `cells`.
/// \param cells               capacities, bytes/s; infinity: none.
/// Cost of a call: logarithmic in the transfers under way for each one in the same cell.
std::unique_ptr<SharedLink> make_server_link(double server_bytes_per_s,
                                             std::vector<std::int32_t> cell_of,
                                             std::span<const double> cells);

}  // namespace mobi
