// SPDX-License-Identifier: Apache-2.0
#include "data/text_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <unicode/utf8.h>

#include "core/error.hpp"

namespace mobi {
namespace {

std::size_t line_of(std::string_view text, std::size_t position) {
    return 1 + static_cast<std::size_t>(std::count(
                   text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

[[noreturn]] void fail_utf8(std::string_view name, std::string_view text, std::size_t position) {
    const auto byte = static_cast<std::uint8_t>(text[position]);
    throw DataError(
        byte == 0
            ? fmt::format("{}:{}: a NUL byte is not UTF-8 text", name, line_of(text, position))
            : fmt::format("{}:{}: byte 0x{:02X} is not UTF-8 text (iconv -f latin1 -t utf-8 "
                          "converts Latin-1)",
                          name, line_of(text, position), byte));
}

}  // namespace

std::string_view fetch_command(const std::filesystem::path& path) {
    const std::string text = "/" + path.lexically_normal().generic_string();
    if (text.find("/data/cache/backbones") != std::string::npos)
        return "data/fetch_backbones.sh fetches it";
    if (text.find("/data/cache/wordnet_all") != std::string::npos)
        return "data/fetch_wordnet.sh --all fetches it";
    if (text.find("/data/cache/wordnet") != std::string::npos)
        return "data/fetch_wordnet.sh fetches it";
    return {};
}

std::string read_text_file(const std::filesystem::path& path, std::string_view expected) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        const std::string_view command = fetch_command(path);
        const std::string_view help = command.empty() ? expected : command;
        throw DataError(
            fmt::format("{}: no such file{}{}", path.string(), help.empty() ? "" : "; ", help));
    }
    if (std::filesystem::is_directory(path, error))
        throw DataError(fmt::format("{}: is a folder, not a file{}{}", path.string(),
                                    expected.empty() ? "" : "; ", expected));
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file) throw DataError(fmt::format("{}: cannot be read", path.string()));
    return text;
}

std::string_view checked_utf8(std::string_view name, std::string_view text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        throw DataError(fmt::format(
            "{}:1: is UTF-16; UTF-8 is read (iconv -f utf-16 -t utf-8 converts it)", name));
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        std::int32_t code = 0;
        U8_NEXT(bytes, i, text.size(), code);
        if (code <= 0) fail_utf8(name, text, start);
    }
    return text;
}

}  // namespace mobi
