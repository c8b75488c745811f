// SPDX-License-Identifier: Apache-2.0
#include "core/build_info.hpp"

namespace mobi {

std::string_view program_version() {
    return MOBI_VERSION;
}

std::string_view git_commit() {
    return MOBI_COMMIT;
}

}  // namespace mobi
