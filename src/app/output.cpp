// SPDX-License-Identifier: Apache-2.0
#include "app/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace mobi {

void write_output(std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stdout);  // a failure stays noted in stdout
}

void finish_output() {
    errno = 0;
    const bool flushed = std::fflush(stdout) == 0;
    if (flushed && std::ferror(stdout) == 0) return;
    // an earlier failure has left no reason behind
    throw OutputError(fmt::format("standard output cannot be written{}{}; what was printed is lost",
                                  errno != 0 ? ": " : "", errno != 0 ? std::strerror(errno) : ""));
}

}  // namespace mobi
