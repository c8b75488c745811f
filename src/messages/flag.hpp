// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/byte_io.hpp"
#include "core/error.hpp"

namespace mobi {

/// A byte that is 0 or 1.
/// \param what  names the message in the error.
/// \throws TransportError  for any other byte.
inline bool get_flag(ByteReader& reader, const std::string& what) {
    const auto flag = reader.get<std::uint8_t>();
    if (flag > 1) throw TransportError(what + ": a flag that is neither 0 nor 1");
    return flag == 1;
}

}  // namespace mobi
