// SPDX-License-Identifier: Apache-2.0
// Fuzz target of what every reader of a text does first: it is told what the bytes are, cuts them
// into lines and shows some in a message.  The lines and their ends are the text; what is shown is
// one line; a format is told by the first bytes alone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/foreign_format.hpp"
#include "core/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto format = mobi::foreign_format(text);
    const auto again = mobi::foreign_format(text.substr(0, mobi::foreign_format_bytes));
    if (format.has_value() != again.has_value()) std::abort();
    if (format && (format->is != again->is || format->remedy.empty())) std::abort();

    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view before = rest;
        const std::string_view line = mobi::take_line(rest);
        if (line.find_first_of("\r\n") != std::string_view::npos) std::abort();
        const std::string_view end =
            before.substr(line.size(), before.size() - line.size() - rest.size());
        if (!before.starts_with(line) || !before.ends_with(rest)) std::abort();
        if (end.empty() ? !rest.empty() : end != "\n" && end != "\r\n" && end != "\r") std::abort();
    }

    if (!mobi::is_one_line(mobi::printable_utf8(text, 40))) std::abort();
    if (!mobi::is_one_line(mobi::printable(text, 40))) std::abort();
    return 0;
}
