// SPDX-License-Identifier: Apache-2.0
#include "transport/message.hpp"

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "transport/tag.hpp"

namespace mobi::internal {

void check_envelope(int to, int ranks, int tag, std::size_t bytes) {
    MOBI_CHECK(to >= 0 && to < ranks, "message to rank {} of {}", to, ranks);
    MOBI_CHECK(is_tag(tag), "message with tag {}, largest {}", tag, kMaxTag);
    if (bytes > kMaxMessageBytes)
        throw TransportError(
            fmt::format("message to rank {} with tag {}: {} bytes, at most {} fit one message", to,
                        tag, bytes, kMaxMessageBytes));
}

}  // namespace mobi::internal
