// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/byte_io.hpp"

namespace mobi {

/// Small packets travel together: a message costs tens of microseconds, however small it is.
/// A bundle is, of each packet, its length (u32) and its bytes.
class Bundle {
  public:
    static constexpr std::size_t kBytes = 512 * 1024;  ///< a bundle is sent when it is as large
    static constexpr std::size_t kAlone = 256 * 1024;  ///< larger packets travel alone

    void add(std::span<const std::byte> packet);
    bool empty() const noexcept { return bytes_.empty(); }
    bool full() const noexcept { return bytes_.size() >= kBytes; }
    /// The message; the bundle is empty then.
    Bytes take();

  private:
    Bytes bytes_;
};

/// Calls `take` with each packet of a bundle's message, in order.
/// \throws TransportError  when the bytes are no bundle.
void for_each_packet(std::span<const std::byte> bundle,
                     const std::function<void(std::span<const std::byte>)>& take);

}  // namespace mobi
