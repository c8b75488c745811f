// SPDX-License-Identifier: Apache-2.0
#include "core/float_bytes.hpp"

namespace mobi {

Bytes bytes_of(std::initializer_list<float> numbers) {
    ByteWriter writer;
    for (const float number : numbers) writer.put(number);
    return writer.take();
}

}  // namespace mobi
