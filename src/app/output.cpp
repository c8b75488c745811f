// SPDX-License-Identifier: Apache-2.0
#include "app/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace mobi {

namespace {

int first_error = 0;  // of write_output()

}  // namespace

void write_output(std::string_view text) noexcept {
    errno = 0;
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written && first_error == 0) first_error = errno;
}

void finish_output() {
    errno = 0;
    const bool flushed = std::fflush(stdout) == 0;
    if (flushed && std::ferror(stdout) == 0) return;
    const int error = first_error != 0 ? first_error : errno;
    throw OutputError(fmt::format("standard output cannot be written{}{}; what was printed is lost",
                                  error != 0 ? ": " : "", error != 0 ? std::strerror(error) : ""));
}

}  // namespace mobi
