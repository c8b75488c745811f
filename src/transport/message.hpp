// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "core/byte_io.hpp"

namespace mobi {

/// What a channel delivers.
struct Message {
    int source = 0;  ///< rank
    int tag = 0;
    Bytes bytes;  ///< may be empty

    friend bool operator==(const Message&, const Message&) = default;
};

/// MPI counts bytes in an int: 2^31 - 1.
inline constexpr std::size_t kMaxMessageBytes = 2'147'483'647;

namespace internal {

/// Checks what send() is given.
/// \throws TransportError  when `bytes` is above kMaxMessageBytes; names the size.
/// \throws Bug             when `to` is no rank of `ranks`, or `tag` is none.
void check_envelope(int to, int ranks, int tag, std::size_t bytes);

}  // namespace internal
}  // namespace mobi
