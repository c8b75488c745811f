// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

/// 128 bits, for exact products of two 64-bit quantities (a compiler's extension of GCC and Clang).
__extension__ using Int128 = __int128;

}  // namespace mobi
