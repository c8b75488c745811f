// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

/// Tags tell kinds of messages apart.  Which kinds there are is the matter of the modules that
/// talk; a tag is any of 0..kMaxTag, the range that every MPI has.
inline constexpr int kMaxTag = 32767;

constexpr bool is_tag(int tag) {
    return tag >= 0 && tag <= kMaxTag;
}

}  // namespace mobi
