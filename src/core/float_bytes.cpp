// SPDX-License-Identifier: Apache-2.0
#include "core/float_bytes.hpp"

namespace mobi {

Bytes bytes_of(std::span<const float> numbers) {
    ByteWriter writer;
    writer.put_all(numbers);
    return writer.take();
}

Bytes bytes_of(std::initializer_list<float> numbers) {
    return bytes_of(std::span<const float>(numbers.begin(), numbers.size()));
}

}  // namespace mobi
