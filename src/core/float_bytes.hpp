// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>

#include "core/byte_io.hpp"

namespace mobi {

/// Some floats, one after another; ByteReader::get<float>() reads them.
Bytes bytes_of(std::span<const float> numbers);
Bytes bytes_of(std::initializer_list<float> numbers);

}  // namespace mobi
