// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>

#include "core/byte_io.hpp"

namespace mobi {

/// Some floats, one after another; ByteReader::get<float>() reads them.
Bytes bytes_of(std::initializer_list<float> numbers);

}  // namespace mobi
